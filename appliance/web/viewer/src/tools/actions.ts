/** What a hand can do to the picture, whatever device it uses. */
import type { Point } from "../volume/view";

export const TOOLS = ["cross", "window", "pan", "zoom", "scroll", "length", "angle"] as const;
export type Tool = (typeof TOOLS)[number];

/** Tools that act on a point of the picture rather than on the way a hand went. */
export type PointTool = "cross" | "length" | "angle";

export function isPointTool(tool: Tool): tool is PointTool {
  return tool === "cross" || tool === "length" || tool === "angle";
}

/** A hand with a point tool touches the picture, moves on it, and leaves it; or a second finger makes it a gesture. */
export type Phase = "down" | "move" | "up" | "cancel";

/** Distances are CSS pixels, points are measured from the pane's top left. */
export interface Actions {
  readonly tool: Tool;
  readonly images: number;
  choose(tool: Tool): void;
  /** Take the last measurement away. */
  remove(): void;
  point(tool: PointTool, phase: Phase, at: Point): void;
  window(dx: number, dy: number): void;
  pan(dx: number, dy: number): void;
  zoom(at: Point | null, factor: number): void;
  scroll(images: number): void;
  /** A drag with the scroll tool: through images, or, on a body, round it; true when it was taken. */
  turn(dx: number, dy: number): boolean;
  goTo(image: number): void;
  hover(at: Point | null): void;
  preset(index: number): void;
  invert(): void;
  reset(): void;
  /** What a double click does: enlarge this pane, or put the picture back. */
  enlarge(): void;
  fullScreen(): void;
  help(): void;
}
