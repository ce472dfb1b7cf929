import type { Locator, Page } from 'playwright-core'
import { PATIENCE_MS } from '../patience.ts'

const LOOK_INTERVAL_MS = 500
const MAX_ATTEMPTS = 5
const TAKEN_WITHIN_MS = 3_000
const JSON_FIELD = '[contenteditable=true]:visible'

/** What an operator does with Temporal's UI, by what stands on its pages. */
export function temporalUi(page: Page, address: string) {
  page.setDefaultTimeout(PATIENCE_MS)

  async function open(workflowId: string, tab: 'history' | 'user-metadata' | 'queries' = 'history') {
    await page.goto(`${address}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`)
    await page.getByRole('heading', { name: workflowId }).waitFor()
    if (tab !== 'history') await page.getByTestId(`${tab}-tab`).click()
  }

  /** Opens a start link, gives the form an input (none: as the link has it), and starts. */
  async function start(url: string, input?: unknown) {
    await page.goto(url)
    await page.getByText('Task Queue is Active').waitFor()
    const button = page.getByTestId('start-workflow-button')
    // What is typed while the page still settles is lost in part, and the button then stays grey.
    for (let attempt = 1; input !== undefined && attempt <= MAX_ATTEMPTS; attempt++) {
      await type(page.locator(JSON_FIELD).first(), input)
      const isTaken = await button.click({ trial: true, timeout: TAKEN_WITHIN_MS }).then(
        () => true,
        () => false,
      )
      if (isTaken) break
    }
    await button.click()
    await page.getByText('Workflow started successfully').first().waitFor()
  }

  async function send(kind: 'signal' | 'update', name: string, input: unknown) {
    await page.getByRole('button', { name: 'More Actions' }).click()
    await page.locator(`[data-testid=${kind}-button]:visible`).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByTestId(`${kind}-select-button`).click()
    await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click()
    if (input !== undefined) await type(dialog.locator(JSON_FIELD).first(), input)
    return dialog
  }

  return {
    page,
    open,
    start,
    send,
    submit: (dialog: Locator) => dialog.getByTestId('confirm-modal-button').click(),
    /** Waits until the page says this where it can be seen. */
    says: (text: string | RegExp) => page.getByText(text).filter({ visible: true }).first().waitFor(),
    /** Waits until the Current Details say this, and answers the frame in which the UI renders their Markdown. */
    detailsSay: async (text: RegExp) => {
      const until = Date.now() + PATIENCE_MS
      for (;;) {
        for (const frame of page.frames().slice(1)) {
          const shown = await frame
            .locator('body')
            .textContent()
            .catch(() => '')
          if (text.test(shown ?? '')) return frame
        }
        if (Date.now() > until) throw new Error(`the Current Details did not say ${text}`)
        // They are read when the page is opened, and again when it is asked for by this key.
        await page.keyboard.press('r')
        await page.waitForTimeout(LOOK_INTERVAL_MS)
      }
    },
  }

  async function type(field: Locator, input: unknown) {
    await field.click()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.insertText(typeof input === 'string' ? input : JSON.stringify(input))
    // Left, the field writes its JSON anew and moves what stands below it.
    await field.blur()
  }
}
