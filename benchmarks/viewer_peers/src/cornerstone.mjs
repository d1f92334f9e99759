/** Cornerstone3D: frames by its own WADO-RS loader and workers, three orthographic viewports and one of a body. */
import { Enums, RenderingEngine, eventTarget, imageLoadPoolManager, init as initCore, setVolumesForViewports, volumeLoader } from "@cornerstonejs/core";
import { init as initLoader, wadors } from "@cornerstonejs/dicom-image-loader";
import { BONE, brightest, headers, mark, series } from "./series.mjs";

const ENGINE = "engine";
const VOLUME = "cornerstoneStreamingImageVolume:series";
const PLANES = ["axial", "sagittal", "coronal"];
const CELLS = [...PLANES, "solid"];
const { Events, OrientationAxis, ViewportType } = Enums;
const element = (name) => document.getElementById(name);
const WINDOW = { lower: -600, upper: 2600 };

function engine() {
  const made = new RenderingEngine(ENGINE);
  made.setViewports([
    ...PLANES.map((name) => ({ viewportId: name, element: element(name), type: ViewportType.ORTHOGRAPHIC, defaultOptions: { orientation: OrientationAxis[name.toUpperCase()] } })),
    { viewportId: "solid", element: element("solid"), type: ViewportType.VOLUME_3D, defaultOptions: { orientation: OrientationAxis.CORONAL } },
  ]);
  return made;
}

/** What a viewport shows around its middle, read back. */
function shown(viewport) {
  const canvas = viewport.getCanvas();
  const side = 64;
  return brightest(canvas.getContext("2d").getImageData((canvas.width - side) >> 1, (canvas.height - side) >> 1, side, side).data);
}

const rendered = (name) => new Promise((done) => element(name).addEventListener(Events.IMAGE_RENDERED, done, { once: true }));

/** Render these viewports, and wait until each shows something. */
async function draw(made, names) {
  do {
    const all = Promise.all(names.map(rendered));
    made.renderViewports(names);
    await all;
  } while (names.some((name) => shown(made.getViewport(name)) === 0));
}

/** The same look for the body in all viewers: surfaces that soon are opaque, which is also the quickest to draw. */
function likeBone(viewport) {
  viewport.setProperties({ preset: "CT-Bone" });
  const property = viewport.getDefaultActor().actor.getProperty();
  const [colours, opacity] = [property.getRGBTransferFunction(0), property.getScalarOpacity(0)];
  colours.removeAllPoints();
  opacity.removeAllPoints();
  for (const point of BONE.colours) colours.addRGBPoint(...point);
  opacity.addPoint(BONE.from, 0);
  opacity.addPoint(BONE.to, 1);
  property.setUseGradientOpacity(0, false);
}

/** Note when the first picture can be seen. */
function watchFirst(made) {
  const look = ({ currentTarget }) => {
    const at = performance.now();
    if (shown(made.getViewport(currentTarget.id)) === 0) return;
    mark("first", at);
    for (const name of PLANES) element(name).removeEventListener(Events.IMAGE_RENDERED, look);
  };
  for (const name of PLANES) element(name).addEventListener(Events.IMAGE_RENDERED, look);
}

/** Load the middle first, then outwards, as OHIF does. */
function fromTheMiddle(volume) {
  const requests = volume.getImageLoadRequests(5);
  const middle = requests.length >> 1;
  const order = requests.map((_, at) => at).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  volume.loadStatus.loading = true;
  for (const at of order) {
    const { callLoadImage, imageId, imageIdIndex, options, priority, requestType, additionalDetails } = requests[at];
    imageLoadPoolManager.addRequest(() => callLoadImage(imageId, imageIdIndex, options), requestType, additionalDetails, priority);
  }
}

async function run() {
  initCore({ rendering: { preferSizeOverAccuracy: true, volumeRendering: { sampleDistanceMultiplier: 2 } } });
  initLoader({ beforeSend: () => headers });
  const slices = await series();
  const imageIds = slices.map(({ frame, metadata }) => {
    const imageId = `wadors:${frame}`;
    wadors.metaDataManager.add(imageId, metadata);
    return imageId;
  });
  const made = engine();
  watchFirst(made);
  const volume = await volumeLoader.createAndCacheVolume(VOLUME, { imageIds });
  const loaded = new Promise((done) => eventTarget.addEventListener(Events.IMAGE_VOLUME_LOADING_COMPLETED, done, { once: true }));
  await setVolumesForViewports(made, [{ volumeId: VOLUME }], PLANES);
  for (const name of PLANES) made.getViewport(name).setProperties({ voiRange: WINDOW });
  fromTheMiddle(volume);
  await loaded;
  mark("all");
  await draw(made, PLANES);
  mark("planes");
  await setVolumesForViewports(made, [{ volumeId: VOLUME }], ["solid"]);
  likeBone(made.getViewport("solid"));
  await draw(made, CELLS);
  mark("drawn");
  window.peer = { scroll: step(made), shown: () => Object.fromEntries(CELLS.map((name) => [name, shown(made.getViewport(name))])) };
}

/** One step of the wheel in the axial plane, drawn and read back. */
function step(made) {
  return async (delta) => {
    const viewport = made.getViewport("axial");
    const drawn = rendered("axial");
    viewport.scroll(delta);
    viewport.render();
    await drawn;
    shown(viewport);
  };
}

run().catch((error) => (document.title = `failed: ${error.stack ?? error}`));
