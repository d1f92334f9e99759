/** How 3D looks: what is seen of the volume, and in which colour. */
import type { Looks, SolidScene } from "../render/planes";

export const LOOKS = ["bone", "teeth", "skin", "brightest"] as const;
export type LookName = (typeof LOOKS)[number];

type Look = Pick<SolidScene, "look" | "opacity" | "tint">;

/** Grey values of a CBCT are no Hounsfield units, so a look moves with the window that shows the planes well. */
export function lookOf(name: LookName, { window }: Looks): Look {
  const at = (share: number): number => window.centre + (share - 0.5) * window.width;
  if (name === "brightest") return { look: "brightest", opacity: [at(0), at(1)], tint: [1, 1, 1] };
  if (name === "skin") return { look: "surface", opacity: [at(0.12), at(0.24)], tint: [0.93, 0.76, 0.66] };
  if (name === "teeth") return { look: "surface", opacity: [at(0.72), at(0.9)], tint: [0.97, 0.95, 0.88] };
  return { look: "surface", opacity: [at(0.42), at(0.66)], tint: [0.93, 0.87, 0.74] };
}
