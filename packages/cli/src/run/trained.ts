import { CrlnError } from '@crln/core';
import { type InputRecipe, parseRecipe, type Volume } from '@crln/data';
import {
  type CheckpointPointer,
  findMethod,
  loadCheckpoint,
  parseSettings,
  predictVolume,
  type RunConfig,
  readRunConfig,
  Session,
} from '@crln/train';
import { folderStore } from '@crln/train/node';
import type { Args } from '../command.js';
import { mergeSettings, type Settings, settingsOf } from '../settings.js';
import { backendFlags, startBackend } from './environment.js';
import { methodSettings, type RunSettings, resolveSettings, windowSettings } from './settings.js';

/** A trained network with all that belongs to its use. */
export interface Trained {
  config: RunConfig;
  settings: RunSettings;
  recipe: InputRecipe;
  /** Finished iterations of the checkpoint. */
  iteration: number;
  /** Labels of a scan on its own grid, with the values that its files have; and class probabilities where asked for. */
  predict(
    image: Volume,
    options?: { probabilities?: boolean; largestComponent?: boolean; signal?: AbortSignal },
  ): Promise<{ labels: Volume; probabilities?: Volume }>;
  dispose(): void;
}

/** What the flags of `evaluate` and `predict` put in place of a run's settings. */
export function overSettings(args: Args): Settings {
  const flags = backendFlags(args);
  const set = settingsOf(args.all('set'));
  return Object.keys(flags).length > 0 ? mergeSettings(set, { backend: flags }) : set;
}

/**
 * Opens a run for prediction.
 *
 * @param over settings to use in place of the run's: windows, backend
 * @throws CrlnError `invalid-run`, `checkpoint-damaged`, `settings-differ`
 */
export async function openTrained(folder: string, checkpoint: string, over: Settings = {}): Promise<Trained> {
  const store = await folderStore(folder, { readOnly: true });
  const config = await readRunConfig(store);
  const settings = resolveSettings(mergeSettings(config.settings, over));
  const recipe = parseRecipe(config.recipe, `the recipe of ${folder}`);
  const which = /^\d+$/.test(checkpoint) ? Number(checkpoint) : (checkpoint as CheckpointPointer);
  const found = await loadCheckpoint(store, which);
  if (recipe.labels.length < 2) throw new CrlnError('invalid-run', `${folder}: its recipe has no classes`, { folder });
  await startBackend(settings.backend);
  const method = findMethod(settings.method);
  const options = parseSettings(method.options, methodSettings(settings), `method ${method.name}`);
  const { patch, seed, network, optimizer } = settings;
  const classes = recipe.labels.length;
  const session = new Session(method, { options, classes, inChannels: 1, patch, seed, network, optimizer });
  try {
    session.restore(found);
  } catch (error) {
    session.dispose();
    throw error;
  }
  return {
    config,
    settings,
    recipe,
    iteration: found.iteration,
    predict: (image, more = {}) =>
      predictVolume(image, recipe, session.predict, { ...windowSettings(settings), ...more }),
    dispose: () => session.dispose(),
  };
}
