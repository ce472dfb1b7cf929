import type { Command } from 'commander'
import { addCalibrationCommand } from '../scenario/calibration-command.ts'
import { addFileCommands } from '../scenario/file-commands.ts'
import { addRunCommands } from '../scenario/run-commands.ts'

/** `bourse scenario`: the benchmark. */
export function registerScenario(program: Command): void {
  const scenario = program.command('scenario').description('the benchmark: scenarios, runs, verdicts')
  addFileCommands(scenario)
  addCalibrationCommand(scenario)
  addRunCommands(scenario)
}
