/** Where the picture lies in its pane. Pane coordinates are CSS pixels from the top left, image coordinates are pixels. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `zoom` is 1 where the picture just fits; `centre` is the image point in the middle of the pane. */
export interface View {
  readonly zoom: number;
  readonly centre: Point;
}

/** A picture's size in pixels, and a pixel's width over its height. */
export interface Picture extends Size {
  readonly aspect: number;
}

const FILL = 0.96; // a fitted picture leaves a little room for the letters round it
const LEAST_ZOOM = 0.25;
const MOST_ZOOM = 40;

/** The view that shows all of a picture. */
export function fitted(picture: Picture): View {
  return { zoom: 1, centre: { x: picture.width / 2, y: picture.height / 2 } };
}

/** CSS pixels per image pixel, across and down. */
export function pixelSize(view: View, pane: Size, picture: Picture): Point {
  const fit = FILL * Math.min(pane.width / (picture.width * picture.aspect), pane.height / picture.height);
  return { x: fit * view.zoom * picture.aspect, y: fit * view.zoom };
}

/** The image point under a pane point. */
export function toImage(view: View, pane: Size, picture: Picture, at: Point): Point {
  const size = pixelSize(view, pane, picture);
  return { x: view.centre.x + (at.x - pane.width / 2) / size.x, y: view.centre.y + (at.y - pane.height / 2) / size.y };
}

/** The pane point over an image point. */
export function toPane(view: View, pane: Size, picture: Picture, at: Point): Point {
  const size = pixelSize(view, pane, picture);
  return { x: pane.width / 2 + (at.x - view.centre.x) * size.x, y: pane.height / 2 + (at.y - view.centre.y) * size.y };
}

/** Zoom by a factor so that the image point under `at` stays there. */
export function zoomedAt(view: View, pane: Size, picture: Picture, at: Point, factor: number): View {
  const kept = toImage(view, pane, picture, at);
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.zoom * factor));
  const size = pixelSize({ ...view, zoom }, pane, picture);
  const centre = { x: kept.x - (at.x - pane.width / 2) / size.x, y: kept.y - (at.y - pane.height / 2) / size.y };
  return bounded({ zoom, centre }, picture);
}

/** Move the picture by (dx, dy) CSS pixels. */
export function panned(view: View, pane: Size, picture: Picture, by: Point): View {
  const size = pixelSize(view, pane, picture);
  return bounded({ ...view, centre: { x: view.centre.x - by.x / size.x, y: view.centre.y - by.y / size.y } }, picture);
}

/** Some of the picture always stays in sight. */
function bounded(view: View, picture: Picture): View {
  const x = Math.min(picture.width, Math.max(0, view.centre.x));
  const y = Math.min(picture.height, Math.max(0, view.centre.y));
  return { zoom: view.zoom, centre: { x, y } };
}
