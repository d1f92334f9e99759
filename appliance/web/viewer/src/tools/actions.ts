/** What a hand can do to the picture, whatever device it uses. */
import type { Point } from "../volume/view";

export const TOOLS = ["window", "pan", "zoom", "scroll"] as const;
export type Tool = (typeof TOOLS)[number];

/** Distances are CSS pixels, points are measured from the pane's top left. */
export interface Actions {
  readonly tool: Tool;
  readonly images: number;
  choose(tool: Tool): void;
  window(dx: number, dy: number): void;
  pan(dx: number, dy: number): void;
  zoom(at: Point | null, factor: number): void;
  scroll(images: number): void;
  goTo(image: number): void;
  hover(at: Point | null): void;
  preset(index: number): void;
  invert(): void;
  reset(): void;
  fullScreen(): void;
  help(): void;
}
