/** The shaders: a triangle over the whole pane; each pixel finds its image point, its grey value, and its brightness. */

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/** Source: DICOM PS3.3 C.11.2.1 (window); kind 0 linear, 1 linear exact, 2 sigmoid. */
const BRIGHT = `#version 300 es
precision highp float;
precision highp sampler2D;
precision highp sampler3D;
uniform vec2 window;   // centre, width
uniform vec2 encoding; // offset, scale
uniform int kind;
uniform bool inverted;
out vec4 colour;
float bright(float grey) {
  if (kind == 2) return 1.0 / (1.0 + exp(-4.0 * (grey - window.x) / window.y));
  float span = kind == 1 ? window.y : max(window.y - 1.0, 1e-6);
  float middle = kind == 1 ? window.x : window.x - 0.5;
  return clamp((grey - middle) / span + 0.5, 0.0, 1.0);
}
vec4 shown(float half_) {
  float level = bright(half_ / encoding.y + encoding.x);
  return vec4(vec3(inverted ? 1.0 - level : level), 1.0);
}
`;

const COMMON = `${BRIGHT}
uniform vec2 origin;   // image point at the drawing buffer's lower left corner
uniform vec2 step_;    // image pixels for each device pixel, y downwards
uniform vec2 size;     // columns, rows
uniform float slice;
vec2 place() { return (origin + gl_FragCoord.xy * step_) / size; }
bool outside(vec2 at) { return any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, vec2(1.0))); }
`;

/** Single grey pictures know a scanner's table too (PS3.3 C.11.2.1.1), kind 3: stretched over the window, between entries a line. */
const GREY = `${COMMON}
uniform sampler2D table; // brightness of each entry, in rows of 4096
uniform float entries;
float entry(int at) { return texelFetch(table, ivec2(at & 4095, at >> 12), 0).r; }
float tabled(float grey) {
  float last = entries - 1.0;
  float at = clamp(((grey - window.x) / window.y + 0.5) * last, 0.0, last);
  return mix(entry(int(at)), entry(min(int(at) + 1, int(last))), fract(at));
}
vec4 seen(float half_) {
  if (kind != 3) return shown(half_);
  float level = tabled(half_ / encoding.y + encoding.x);
  return vec4(vec3(inverted ? 1.0 - level : level), 1.0);
}
`;

export const GREY_VOLUME = `${GREY}
uniform sampler3D picture;
void main() {
  vec2 at = place();
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : seen(texture(picture, vec3(at, slice)).r);
}`;

export const GREY_FLAT = `${GREY}
uniform sampler2D picture;
void main() {
  vec2 at = place();
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : seen(texture(picture, at).r);
}`;

export const COLOUR_FLAT = `${COMMON}
uniform sampler2D picture;
void main() {
  vec2 at = place();
  vec3 rgb = texture(picture, at).rgb;
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : vec4(inverted ? 1.0 - rgb : rgb, 1.0);
}`;


/** Which part of the canvas is drawn, and where in the volume it lies. */
const PLACED = `
uniform sampler3D picture;
uniform sampler3D coarse;  // the small volume
uniform vec3 reach;        // takes texture coordinates of the volume to those of the small one,
uniform vec3 shift;        // then moved by this
uniform vec3 corner;       // of the part drawn: texture coordinates at its lower left device pixel's corner
uniform vec3 across;       // for each device pixel to the right
uniform vec3 up;           // for each device pixel upwards
uniform vec2 part;         // the part's lower left device pixel
bool outside(vec3 at) { return any(lessThan(at, vec3(0.0))) || any(greaterThanEqual(at, vec3(1.0))); }
vec3 place() { vec2 at = gl_FragCoord.xy - part; return corner + at.x * across + at.y * up; }
`;

/** A volume that is whole. Shaders of its own for it: to ask at each sample takes as long again where a processor draws. */
const WHOLE = `${PLACED}
float sampled(vec3 at) { return texture(picture, at).r; }
vec3 texel() { return 1.0 / vec3(textureSize(picture, 0)); }
`;

/** The small volume alone. */
const SMALL = `${PLACED}
float sampled(vec3 at) { return texture(coarse, at * reach + shift).r; }
vec3 texel() { return 1.0 / (vec3(textureSize(coarse, 0)) * abs(reach)); }
`;

/**
 * A volume of which some slices have not come. Mode 0: between two that have come it is interpolated; 1: so where they are
 * near each other, else the small volume stands for it; 2: the small volume alone.
 */
const ARRIVING = `${PLACED}
uniform sampler2D between; // of each slice: the nearest that has come below, above
uniform float near;        // slices between which interpolating shows as much as the small volume does
uniform int mode;
float sampled(vec3 at) {
  if (mode == 2) return texture(coarse, at * reach + shift).r;
  float slices = float(textureSize(picture, 0).z);
  float index = at.z * slices - 0.5;
  float under = clamp(floor(index), 0.0, slices - 1.0), over = clamp(ceil(index), 0.0, slices - 1.0);
  float below = texelFetch(between, ivec2(int(under), 0), 0).r;
  float above = texelFetch(between, ivec2(int(over), 0), 0).g;
  if (mode == 1 && (below > under || above < over || above - below > near)) return texture(coarse, at * reach + shift).r;
  float share = above > below ? clamp((index - below) / (above - below), 0.0, 1.0) : 0.0;
  float one = texture(picture, vec3(at.xy, (below + 0.5) / slices)).r;
  return share == 0.0 ? one : mix(one, texture(picture, vec3(at.xy, (above + 0.5) / slices)).r, share);
}
`;

/** A plane, or a slab of it: kind of slab 0 mean, 1 most, 2 least. */
const CUT = `
uniform vec3 through;  // from one sample of the slab to the next
uniform int samples;
uniform int slab;
void main() {
  vec3 at = place() - through * (0.5 * float(samples - 1));
  float sum = 0.0, most = -1e9, least = 1e9, count = 0.0;
  for (int i = 0; i < samples; i++, at += through) {
    if (outside(at)) continue;
    float value = sampled(at);
    sum += value; count += 1.0;
    most = max(most, value); least = min(least, value);
  }
  if (count == 0.0) { colour = vec4(0.0, 0.0, 0.0, 1.0); return; }
  colour = shown(slab == 1 ? most : slab == 2 ? least : sum / count);
}`;

export const SLAB = `${BRIGHT}${WHOLE}${CUT}`;
export const ARRIVING_SLAB = `${BRIGHT}${ARRIVING}${CUT}`;

/** A plane without thickness: as a slab of one sample, in half the time where a processor draws. */
const PLANE = `
void main() {
  vec3 at = place();
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : shown(sampled(at));
}`;

export const THIN = `${BRIGHT}${WHOLE}${PLANE}`;
export const SMALL_THIN = `${BRIGHT}${SMALL}${PLANE}`;

/** The volume as a body: rays from the front to the back; kind of look 0 surfaces in light, 1 the brightest point. */
const RAYS = `
uniform vec3 through;   // from one sample of a ray to the next
uniform vec3 toMm;      // a texture coordinate's length in mm along columns, rows, slices
uniform int samples;    // at most
uniform float stride;   // how many of them are taken at once where nothing is
uniform sampler3D tops; // the greatest value of each block of the volume
uniform vec3 blocks;    // how many of them the volume has
uniform int look;
uniform vec2 opacity;   // grey values where nothing, and where all, of the light is held back
uniform vec3 tint;
const vec3 BEHIND = vec3(0.0);
float grey(vec3 at) { return sampled(at) / encoding.y + encoding.x; }
vec2 within(vec3 start) {
  vec3 a = -start / through, b = (1.0 - start) / through;
  vec3 near = min(a, b), far = max(a, b);
  return vec2(max(max(near.x, near.y), max(near.z, 0.0)), min(far.x, min(far.y, far.z)));
}
vec3 steepness(vec3 at) {
  vec3 size = texel();
  vec3 e = vec3(size.x, 0.0, 0.0), f = vec3(0.0, size.y, 0.0), g = vec3(0.0, 0.0, size.z);
  vec3 change = vec3(grey(at + e) - grey(at - e), grey(at + f) - grey(at - f), grey(at + g) - grey(at - g));
  return change / (2.0 * size * toMm);
}
vec3 lit(vec3 at) {
  vec3 normal = steepness(at);
  float long_ = length(normal);
  vec3 view = normalize(through * toMm);
  float facing = long_ > 1e-6 ? abs(dot(normal / long_, view)) : 1.0;
  return tint * (0.22 + 0.78 * facing) + vec3(0.18) * pow(facing, 24.0);
}
/** How many samples on the ray leaves the block that it is in. */
float leaves(vec3 at, vec3 block) {
  vec3 way = mix(through, vec3(1e-9), equal(through, vec3(0.0)));
  vec3 samples_ = ((block + step(0.0, way)) / blocks - at) / way;
  return max(1.0, ceil(min(samples_.x, min(samples_.y, samples_.z))));
}
void main() {
  vec3 start = place();
  vec2 ends = within(start);
  float first = ceil(ends.x);
  float count = min(float(samples), floor(ends.y - first));
  vec3 front = start + through * first;
  vec3 light = vec3(0.0);
  float left = 1.0, most = -1e9, leap = 1.0, until = -1.0, known = -1.0;
  ivec3 last = textureSize(tops, 0) - 1;
  for (float i = 0.0; i < count && left > 0.02; i += leap) {
    vec3 at = front + through * i;
    if (i >= known) {
      vec3 block = floor(at * blocks);
      float top = texelFetch(tops, clamp(ivec3(block), ivec3(0), last), 0).r / encoding.y + encoding.x;
      known = i + leaves(at, block);
      if (top <= (look == 1 ? most : opacity.x)) { // nothing of this block would be seen
        i = known - 1.0;
        leap = 1.0;
        continue;
      }
    }
    float value = grey(at);
    most = max(most, value);
    bool isEmpty = look == 1 || value <= opacity.x;
    if (!isEmpty && leap > 1.0) { // it began since the last sample: back there, and on one by one
      until = i;
      i -= leap;
      leap = 1.0;
      continue;
    }
    leap = isEmpty && i >= until ? stride : 1.0;
    if (isEmpty) continue;
    float held = smoothstep(opacity.x, opacity.y, value);
    light += left * held * lit(at);
    left *= 1.0 - held;
  }
  vec3 seen = look == 1 ? vec3(count > 0.0 ? bright(most) : 0.0) : light + left * BEHIND;
  colour = vec4(inverted && look == 1 ? 1.0 - seen : seen, 1.0);
}`;

export const SOLID = `${BRIGHT}${WHOLE}${RAYS}`;
export const SMALL_SOLID = `${BRIGHT}${SMALL}${RAYS}`;
