import { applyNetwork, vNet, weightVariables } from '@crln/layers';
import { diceCeLoss } from '@crln/losses';
import { activationPrecision, useBackend } from '@crln/ops';
import { Sgd } from '@crln/train';
import * as tf from '@tensorflow/tfjs-core';
import { noise, slabs } from '../lib/arrays.mjs';
import { describe } from '../lib/contestants.mjs';

/** One supervised step of V-Net: forward, 0.5·(cross-entropy + Dice), backward, SGD. */
export async function vnetStep({ base, levels, patch, batch, threads, backend: name = 'wasm', precision }) {
  const backend = await useBackend(name, { threads, precision });
  const network = vNet({ baseFilters: base, levels });
  const sgd = new Sgd(weightVariables(network), {
    ...{ learningRate: 0.01, weightDecay: 5e-4 },
    lossScale: activationPrecision() === 'f16' ? 2 ** 16 : undefined,
  });
  const image = tf.tensor(noise(1, batch, ...patch), [batch, ...patch, 1]);
  const label = tf.tensor(slabs(batch, patch), [batch, ...patch], 'int32');
  let seed = 0;
  const step = async () => {
    seed++;
    const forward = () => {
      const { logits } = applyNetwork(network, image, { training: true, seed });
      return { loss: diceCeLoss(logits, label) };
    };
    const { loss } = sgd.minimise(forward);
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return { run: step, about: describe(backend) };
}
