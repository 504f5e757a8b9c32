import type { VoxelType } from '../volume.js';

const INTEGERS: readonly (readonly [VoxelType, VoxelType, string])[] = [
  ['int16', 'uint16', 'short'],
  ['int32', 'uint32', 'int'],
  ['int64', 'uint64', 'long long'],
];

/** NRRD's names of the types, all of them. */
export const TYPE_NAMES: ReadonlyMap<string, VoxelType> = new Map<string, VoxelType>([
  ...(['signed char', 'int8', 'int8_t'] as const).map((name) => [name, 'int8'] as const),
  ...(['uchar', 'unsigned char', 'uint8', 'uint8_t'] as const).map((name) => [name, 'uint8'] as const),
  ...INTEGERS.flatMap(([signed, unsigned, name]) => [
    ...[name, `signed ${name}`, signed, `${signed}_t`].map((alias) => [alias, signed] as const),
    ...[`unsigned ${name}`, unsigned, `${unsigned}_t`].map((alias) => [alias, unsigned] as const),
    [name.replace(' ', ''), signed] as const,
    [`u${name.replace(' ', '')}`, unsigned] as const,
    ...(name === 'int'
      ? []
      : ([
          [`${name} int`, signed],
          [`signed ${name} int`, signed],
          [`unsigned ${name} int`, unsigned],
        ] as const)),
  ]),
  ['float', 'float32'],
  ['double', 'float64'],
]);

/** The name that a type is written under: one that every reader knows. */
export const TYPE_NAME: Readonly<Record<VoxelType, string>> = {
  int8: 'signed char',
  uint8: 'unsigned char',
  int16: 'short',
  uint16: 'unsigned short',
  int32: 'int',
  uint32: 'unsigned int',
  int64: 'long long int',
  uint64: 'unsigned long long int',
  float32: 'float',
  float64: 'double',
};
