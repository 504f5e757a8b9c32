/** Times iterations, and how long they waited for their batches. */
export class Stopwatch {
  #start = performance.now();
  #waited = 0;

  restart(): void {
    this.#start = performance.now();
    this.#waited = 0;
  }

  /** Does what an iteration waits for. */
  async waitFor<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.#waited += performance.now() - from;
    }
  }

  /** Means of so many iterations since the start. */
  means(iterations: number): { milliseconds: number; waitingMilliseconds: number } {
    const milliseconds = (performance.now() - this.#start) / iterations;
    return { milliseconds, waitingMilliseconds: this.#waited / iterations };
  }
}
