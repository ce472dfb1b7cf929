-- Up Migration

-- Whether the workflow that waits for the prompt was started; any worker starts those that are not.
alter table prompts add column workflow_started boolean not null default false;
create index prompts_unstarted on prompts (opened_at) where status = 'open' and not workflow_started;
