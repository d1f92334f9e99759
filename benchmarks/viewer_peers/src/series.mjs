/** What both pages share: which series, asked with which token, and where its slices lie. */

const asked = new URLSearchParams(location.hash.slice(1));
const base = `${location.origin}/dicomweb`;
export const headers = { Authorization: `Bearer ${asked.get("token")}` };

/** The series' metadata in the order of its slices along their normal. */
export async function series() {
  const folder = `${base}/studies/${asked.get("study")}/series/${asked.get("series")}`;
  const answer = await fetch(`${folder}/metadata`, { headers: { ...headers, Accept: "application/dicom+json" } });
  if (!answer.ok) throw new Error(`metadata: ${answer.status}`);
  const found = (await answer.json()).map((metadata) => ({ metadata, place: placeOf(metadata) }));
  found.sort((a, b) => a.place - b.place);
  return found.map(({ metadata }) => ({ metadata, frame: `${folder}/instances/${metadata["00080018"].Value[0]}/frames/1` }));
}

function placeOf(metadata) {
  const [a, b, c, d, e, f] = metadata["00200037"].Value;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  return metadata["00200032"].Value.reduce((sum, part, axis) => sum + part * normal[axis], 0);
}

/** Tell whoever measures: a time, as a mark of the page. */
export const mark = (name, startTime = performance.now()) => performance.mark(`peer-${name}`, { startTime });

/** The brightest of some pixels around the middle of a pane, read back from what was drawn. */
export function brightest(pixels) {
  return pixels.reduce((most, value, at) => (at % 4 === 3 ? most : Math.max(most, value)), 0);
}

/** The body as the box's viewer shows bone: grey values where it begins, and where it is opaque, with their colours. */
export const BONE = { from: 400, to: 1000, colours: [[400, 0.9, 0.8, 0.65], [2000, 1, 0.97, 0.9]] };
