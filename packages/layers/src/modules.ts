import { input } from '@tensorflow/tfjs-layers';
import { DynamicInteraction } from './interaction/dynamicInteraction.js';
import type { DynamicInteractionOptions } from './interaction/options.js';
import { Rectifier, type RectifierOptions } from './rectifier.js';
import { registerLayers } from './register.js';

/** Makes a {@link DynamicInteraction} whose weights exist already. */
export function dynamicInteraction(options: DynamicInteractionOptions = {}): DynamicInteraction {
  registerLayers();
  const layer = new DynamicInteraction({ name: 'dynamicInteraction', ...options });
  const { widths = [64, 32] } = options;
  layer.apply(widths.map((width) => input({ shape: [null, null, null, width] })));
  return layer;
}

/** Makes a {@link Rectifier} whose μ exists already. */
export function rectifier(options: RectifierOptions = {}): Rectifier {
  registerLayers();
  const layer = new Rectifier({ name: 'rectifier', ...options });
  const any = () => input({ shape: [null, null, null, null] });
  layer.apply([any(), any()]);
  return layer;
}
