/** How often a slab is looked at on its way through: a thin bright line is missed by steps longer than a voxel. */
import type { Geometry } from "./geometry";
import { directionToMm, inverse, length, type Vector } from "./vectors";

const MOST = 2048; // no volume has more voxels one behind the other in 30 mm
const MOST_MOVING = 128; // while a hand moves it, a screen is drawn again and again

export interface SlabSteps {
  /** How many samples are taken. */
  readonly samples: number;
  /** From one to the next, in mm; 0 where there is one. */
  readonly mm: number;
  /** No voxel lies between two of them. */
  readonly isFine: boolean;
}

/** Steps through a slab.
 *
 * @param into unit vector through the slab.
 * @param isResting nothing has moved for a moment: every voxel is looked at.
 */
export function slabSteps({ affine }: Pick<Geometry, "affine">, into: Vector, slabMm: number, isResting: boolean): SlabSteps {
  const voxels = slabMm * length(directionToMm(inverse(affine), into));
  const wanted = Math.max(1, Math.min(MOST, Math.ceil(voxels - 1e-6)));
  const samples = isResting ? wanted : Math.min(wanted, MOST_MOVING);
  return { samples, mm: samples > 1 ? slabMm / samples : 0, isFine: samples === wanted };
}
