/** vtk.js: frames by WADO-RS, several at once, into one vtkImageData; three slice mappers and one of a body. */
import "@kitware/vtk.js/Rendering/Profiles/Volume";
import "@kitware/vtk.js/Rendering/Profiles/Geometry";
import vtkDataArray from "@kitware/vtk.js/Common/Core/DataArray";
import vtkImageData from "@kitware/vtk.js/Common/DataModel/ImageData";
import vtkPiecewiseFunction from "@kitware/vtk.js/Common/DataModel/PiecewiseFunction";
import vtkColorTransferFunction from "@kitware/vtk.js/Rendering/Core/ColorTransferFunction";
import vtkImageMapper from "@kitware/vtk.js/Rendering/Core/ImageMapper";
import vtkImageSlice from "@kitware/vtk.js/Rendering/Core/ImageSlice";
import vtkVolume from "@kitware/vtk.js/Rendering/Core/Volume";
import vtkVolumeMapper from "@kitware/vtk.js/Rendering/Core/VolumeMapper";
import vtkGenericRenderWindow from "@kitware/vtk.js/Rendering/Misc/GenericRenderWindow";
import { BONE, brightest, headers, mark, series } from "./series.mjs";

const AT_ONCE = 16;
const ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const PLANES = { axial: { mode: "K", up: [0, -1, 0], from: [0, 0, -1] }, sagittal: { mode: "I", up: [0, 0, 1], from: [1, 0, 0] }, coronal: { mode: "J", up: [0, 0, 1], from: [0, -1, 0] } };
const WINDOW = { level: 1000, width: 3200 };

/** The stored values in the one part of a multipart answer. */
function partOf(bytes) {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 13 || bytes[at + 1] !== 10 || bytes[at + 2] !== 13 || bytes[at + 3] !== 10) continue;
    return bytes.subarray(at + 4);
  }
  throw new Error("no part");
}

async function fetchInto(values, length, slices, at) {
  const answer = await fetch(slices[at].frame, { headers: { ...headers, Accept: ACCEPT } });
  if (!answer.ok) throw new Error(`frame: ${answer.status}`);
  const part = partOf(new Uint8Array(await answer.arrayBuffer())).subarray(0, 2 * length);
  new Uint8Array(values.buffer, 2 * at * length, 2 * length).set(part);
}

/** Fetch all frames, the middle one first and outwards. */
async function fetchAll(values, length, slices, onFirst) {
  const middle = slices.length >> 1;
  const left = slices.map((_, at) => at).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  await fetchInto(values, length, slices, left.shift());
  onFirst();
  const work = async () => {
    for (let at = left.shift(); at !== undefined; at = left.shift()) await fetchInto(values, length, slices, at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function imageOf(slices) {
  const { metadata } = slices[0];
  const value = (tag) => metadata[tag].Value;
  const [rows, columns] = [value("00280010")[0], value("00280011")[0]];
  const [down, across] = value("00280030");
  const [first, last] = [slices[0], slices.at(-1)].map((slice) => slice.metadata["00200032"].Value);
  const between = Math.hypot(...first.map((part, axis) => last[axis] - part)) / (slices.length - 1);
  const Values = value("00280103")[0] === 1 ? Int16Array : Uint16Array;
  const values = new Values(rows * columns * slices.length);
  const image = vtkImageData.newInstance();
  image.setDimensions(columns, rows, slices.length);
  image.setSpacing(across, down, between);
  image.setOrigin(first);
  return { image, values, length: rows * columns, scale: { slope: value("00281053")?.[0] ?? 1, intercept: value("00281052")?.[0] ?? 0 } };
}

/** A new data array each time: vtk.js keeps what it found of an old one. */
function setValues(image, values) {
  const array = vtkDataArray.newInstance({ name: "Scalars", numberOfComponents: 1, values });
  image.getPointData().setScalars(array);
}

function windowIn(name, image, mapper, prop) {
  const pane = vtkGenericRenderWindow.newInstance({ background: [0, 0, 0], listenWindowResize: false });
  pane.setContainer(document.getElementById(name));
  pane.resize();
  mapper.setInputData(image);
  prop.setMapper(mapper);
  return pane;
}

function plane(name, image, { slope, intercept }) {
  const { mode, up, from } = PLANES[name];
  const [mapper, slice] = [vtkImageMapper.newInstance(), vtkImageSlice.newInstance()];
  const pane = windowIn(name, image, mapper, slice);
  mapper.setSlicingMode(vtkImageMapper.SlicingMode[mode]);
  mapper.setSlice(image.getDimensions()["IJK".indexOf(mode)] >> 1);
  slice.getProperty().setColorLevel((WINDOW.level - intercept) / slope);
  slice.getProperty().setColorWindow(WINDOW.width / slope);
  const renderer = pane.getRenderer();
  renderer.addActor(slice);
  look(renderer, image, from, up);
  return { pane, mapper };
}

/** A parallel camera that sees the whole of it. */
function look(renderer, image, from, up) {
  const camera = renderer.getActiveCamera();
  const centre = image.getCenter();
  camera.setParallelProjection(true);
  camera.setFocalPoint(...centre);
  camera.setPosition(...centre.map((part, axis) => part + from[axis]));
  camera.setViewUp(...up);
  renderer.resetCamera();
  fit(camera, image, up);
}

/** As large as the pane allows, as in the other viewers; vtk.js itself leaves room for turning. */
function fit(camera, image, up) {
  const [width, height] = [document.getElementById("axial").clientWidth, document.getElementById("axial").clientHeight];
  const sides = image.getDimensions().map((count, axis) => count * image.getSpacing()[axis]);
  const high = up[2] === 0 ? sides[1] : sides[2];
  camera.setParallelScale(Math.max(high / 2, (sides[0] / 2) * (height / width)));
}

function solid(image, { slope, intercept }) {
  const [mapper, volume] = [vtkVolumeMapper.newInstance(), vtkVolume.newInstance()];
  const pane = windowIn("solid", image, mapper, volume);
  mapper.setSampleDistance(Math.max(...image.getSpacing())); // one sample a voxel
  mapper.setMaximumSamplesPerRay(2048);
  const [colours, opacity] = [vtkColorTransferFunction.newInstance(), vtkPiecewiseFunction.newInstance()];
  const stored = (grey) => (grey - intercept) / slope;
  for (const [grey, ...colour] of BONE.colours) colours.addRGBPoint(stored(grey), ...colour);
  opacity.addPoint(stored(BONE.from), 0);
  opacity.addPoint(stored(BONE.to), 1);
  const property = volume.getProperty();
  property.setRGBTransferFunction(0, colours);
  property.setScalarOpacity(0, opacity);
  property.setInterpolationTypeToLinear();
  property.setShade(true);
  pane.getRenderer().addVolume(volume);
  look(pane.getRenderer(), image, [0, -1, 0], [0, 0, 1]);
  return { pane, mapper };
}

/** Draw, and read back what is around the middle. */
function draw({ pane }) {
  pane.getRenderWindow().render();
  const view = pane.getApiSpecificRenderWindow();
  const [width, height] = view.getSize();
  const gl = view.getContext();
  const pixels = new Uint8Array(64 * 64 * 4);
  gl.readPixels((width - 64) >> 1, (height - 64) >> 1, 64, 64, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  return brightest(pixels);
}

function drawn(panes) {
  for (const [name, pane] of Object.entries(panes)) if (draw(pane) === 0) throw new Error(`${name} is dark`);
}

async function run() {
  const slices = await series();
  const { image, values, length, scale } = imageOf(slices);
  setValues(image, values);
  const panes = {};
  await fetchAll(values, length, slices, () => {
    panes.axial = plane("axial", image, scale);
    drawn(panes);
    mark("first");
  });
  mark("all");
  setValues(image, values);
  panes.sagittal = plane("sagittal", image, scale);
  panes.coronal = plane("coronal", image, scale);
  drawn(panes);
  mark("planes");
  panes.solid = solid(image, scale);
  drawn({ solid: panes.solid });
  await new Promise((done) => requestAnimationFrame(done));
  mark("drawn");
  const { axial } = panes;
  const scroll = (delta) => {
    axial.mapper.setSlice(axial.mapper.getSlice() + delta);
    draw(axial);
  };
  window.peer = { scroll, shown: () => Object.fromEntries(Object.entries(panes).map(([name, pane]) => [name, draw(pane)])) };
}

run().catch((error) => (document.title = `failed: ${error.stack ?? error}`));
