import type { AuditCheck } from './audit-check.ts'

/** What must be true of prompts and the escrow behind them. */
export const promptChecks: AuditCheck[] = [
  {
    name: 'escrow holds what open prompts offer',
    rows: `
      select s.market_id, case when s.balance_micro <> coalesce(p.micro, 0) then
               format('escrow holds %s micro-credits, open prompts offer %s', s.balance_micro, coalesce(p.micro, 0))
             end as problem
        from system_accounts s
        left join (
          select market_id, sum(amount_micro) as micro from prompts
           where market_id = any($1) and status = 'open' group by market_id) p using (market_id)
       where s.market_id = any($1) and s.account = 'escrow'`,
  },
  {
    name: 'each prompt moved what its outcome says',
    rows: `
      select p.market_id, case
             when (coalesce(t.escrowed, 0), coalesce(t.burned, 0), coalesce(t.released, 0), coalesce(t.awarded, 0))
                  is distinct from (
                    p.amount_micro,
                    case p.status when 'rewarded' then p.amount_micro else 0 end,
                    case p.status when 'expired' then p.amount_micro else 0 end,
                    coalesce(p.awarded_micro, 0)) then
               format('prompt %s is %s: %s micro-credits were escrowed, %s burned, %s released, %s awarded',
                      p.prompt_id, p.status, coalesce(t.escrowed, 0), coalesce(t.burned, 0),
                      coalesce(t.released, 0), coalesce(t.awarded, 0))
             end as problem
        from prompts p
        left join (
          select ref, coalesce(sum(amount_micro) filter (where to_account = 'escrow'), 0) as escrowed,
                 coalesce(sum(amount_micro) filter (where from_account = 'escrow' and to_account = 'burn'), 0) as burned,
                 coalesce(sum(amount_micro) filter (where from_account = 'escrow' and to_account is null), 0) as released,
                 coalesce(sum(amount_micro) filter (where from_account = 'mint'), 0) as awarded
            from transfers where market_id = any($1) and purpose in ('prompt', 'reward') group by ref) t
          on t.ref = p.prompt_id::text
       where p.market_id = any($1)`,
  },
]
