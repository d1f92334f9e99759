/** Vectors of three numbers: in mm in the patient (LPS, PS3.3 C.7.6.2.1.1), or in voxels. */

export type Vector = readonly [number, number, number];

/** What takes voxel indices to millimetres: the columns of a matrix, and where the first voxel's middle lies. */
export interface Affine {
  readonly i: Vector;
  readonly j: Vector;
  readonly k: Vector;
  readonly origin: Vector;
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function plus(a: Vector, b: Vector, times = 1): Vector {
  return [a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]];
}

export function minus(a: Vector, b: Vector): Vector {
  return plus(a, b, -1);
}

export function scaled(a: Vector, by: number): Vector {
  return [a[0] * by, a[1] * by, a[2] * by];
}

export function length(a: Vector): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** The same direction with length 1; null for what has none. */
export function unit(a: Vector): Vector | null {
  const long = length(a);
  return Number.isFinite(long) && long > 1e-9 ? scaled(a, 1 / long) : null;
}

/** Turn `a` round the unit vector `axis` by an angle in radians, right-handed. */
export function turned(a: Vector, axis: Vector, angle: number): Vector {
  const along = scaled(axis, dot(axis, a) * (1 - Math.cos(angle)));
  return plus(plus(scaled(a, Math.cos(angle)), cross(axis, a), Math.sin(angle)), along);
}

/** Where a point in voxels lies in mm. */
export function toMm(affine: Affine, at: Vector): Vector {
  return plus(directionToMm(affine, at), affine.origin);
}

/** What a step in voxels is in mm. */
export function directionToMm({ i, j, k }: Affine, step: Vector): Vector {
  return plus(plus(scaled(i, step[0]), j, step[1]), k, step[2]);
}

/** The way back, from mm to voxels.
 *
 * @throws RangeError when the three steps lie in one plane.
 */
export function inverse({ i, j, k, origin }: Affine): Affine {
  const rows = [cross(j, k), cross(k, i), cross(i, j)] as const;
  const volume = dot(i, rows[0]);
  if (Math.abs(volume) < 1e-12) throw new RangeError("the steps lie in one plane");
  const [a, b, c] = [scaled(rows[0], 1 / volume), scaled(rows[1], 1 / volume), scaled(rows[2], 1 / volume)];
  const back: Omit<Affine, "origin"> = { i: [a[0], b[0], c[0]], j: [a[1], b[1], c[1]], k: [a[2], b[2], c[2]] };
  return { ...back, origin: scaled(directionToMm({ ...back, origin }, origin), -1) };
}
