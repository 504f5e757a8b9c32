import type { CaseSource } from '@crln/data';

/** What a run learns from. */
export interface TrainingData extends CaseSource {
  /** With the background. */
  classes: number;
  /** Image channels. Default 1. */
  inChannels?: number;
}
