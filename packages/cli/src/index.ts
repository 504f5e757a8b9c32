/**
 * The `crln` command as a function: `process.exitCode = await main(process.argv.slice(2))`.
 * @packageDocumentation
 */
export type { Io } from './io.js';
export { main } from './main.js';
