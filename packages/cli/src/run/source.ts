import type { Case, Dataset, InputRecipe } from '@crln/data';
import { applyRecipe, assertFinite, phantomDataset, preparedSpacing } from '@crln/data';
import type { EvaluationCase } from '@crln/train';
import type { RunSettings } from './settings.js';

/** Opens what `data.source` names. */
export async function openSource({ data }: RunSettings): Promise<Dataset & { recipe?: InputRecipe }> {
  if (data.source === 'phantom') {
    // How many labels show is the run's choice; every phantom case has one.
    const { train = 40 } = data.phantom ?? {};
    return phantomDataset({ ...data.phantom, labelled: Math.min(4, train) });
  }
  const { openFolder } = await import('@crln/data/node');
  return openFolder(data.source, data.datasets && { datasets: data.datasets });
}

/** Lets cases through whose images are finite. @throws CrlnError `not-finite` naming the file */
export async function* finite(cases: AsyncIterable<Case>): AsyncGenerator<Case> {
  for await (const one of cases) {
    assertFinite(one.image, one.image.source ?? one.id);
    yield one;
  }
}

/** Cases as the network sees them, with their truth, one at a time. */
export async function* evaluationCases(
  dataset: Dataset,
  recipe: InputRecipe,
  ids: readonly string[],
): AsyncGenerator<EvaluationCase> {
  for (const id of ids) {
    const native = await dataset.load(id);
    const { image, label, shape } = applyRecipe(recipe, native);
    if (label) yield { id, image, label, shape, spacing: preparedSpacing(recipe, native.image) };
  }
}
