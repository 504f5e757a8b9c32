/** The part of cli-progress that this package uses; it ships no types. */
declare module 'cli-progress' {
  export class SingleBar {
    constructor(options: Record<string, unknown>);
    start(total: number, startValue: number, payload?: Record<string, unknown>): void;
    update(current: number, payload?: Record<string, unknown>): void;
    stop(): void;
  }
  const cliProgress: { SingleBar: typeof SingleBar };
  export default cliProgress;
}
