import { CrlnError } from '@crln/core';
import { io } from '@tensorflow/tfjs-core';

/** A `tf.io.IOHandler` that keeps what was saved last in memory. */
export interface MemoryHandler extends io.IOHandler {
  save(artifacts: io.ModelArtifacts): Promise<io.SaveResult>;
  load(): Promise<io.ModelArtifacts>;
}

/** Makes a {@link MemoryHandler}; loading before anything was saved throws a CrlnError `file-not-found`. */
export function memoryHandler(): MemoryHandler {
  let kept: io.ModelArtifacts | null = null;
  return {
    async save(artifacts) {
      kept = structuredClone(artifacts);
      return { modelArtifactsInfo: artifactsInfo(artifacts) };
    },
    async load() {
      if (!kept) throw new CrlnError('file-not-found', 'memoryHandler: nothing was saved yet', {});
      return structuredClone(kept);
    },
  };
}

/** What a handler reports about what it saved. */
export const artifactsInfo = ({ weightData }: io.ModelArtifacts): io.ModelArtifactsInfo => ({
  dateSaved: new Date(),
  modelTopologyType: 'JSON',
  weightDataBytes: io.CompositeArrayBuffer.join(weightData).byteLength,
});
