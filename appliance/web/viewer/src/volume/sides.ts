/** The sides from which a body is looked at. */
import { cross, scaled, type Vector } from "./vectors";
import type { Axes, Plane } from "./planes";

export const SIDES = ["front", "right", "left", "back", "above", "below"] as const;
export type Side = (typeof SIDES)[number];

/** The plane of a picture of the body from one of its sides: head up, or, from above and below, the face up. */
export function seenFrom({ left, back, head }: Axes, side: Side): Plane {
  const ways: Readonly<Record<Side, readonly [Vector, Vector]>> = {
    front: [scaled(head, -1), back],
    back: [scaled(head, -1), scaled(back, -1)],
    right: [scaled(head, -1), left],
    left: [scaled(head, -1), scaled(left, -1)],
    above: [back, scaled(head, -1)],
    below: [back, head],
  };
  const [down, into] = ways[side];
  return { right: cross(down, into), down };
}
