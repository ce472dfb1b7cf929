import { defineConfig } from 'vitest/config'

/** Tests in a real browser, apart from the others: they need a Chromium, and a stack with Temporal's UI. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.test.ts'],
    globalSetup: ['test/servers.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})
