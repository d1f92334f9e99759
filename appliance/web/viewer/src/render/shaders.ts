/** The shaders: a triangle over the whole pane; each pixel finds its image point, its grey value, and its brightness. */

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/** Source: DICOM PS3.3 C.11.2.1 (window); kind 0 linear, 1 linear exact, 2 sigmoid. */
const COMMON = `#version 300 es
precision highp float;
precision highp sampler2D;
precision highp sampler3D;
uniform vec2 origin;   // image point at the drawing buffer's lower left corner
uniform vec2 step_;    // image pixels for each device pixel, y downwards
uniform vec2 size;     // columns, rows
uniform vec2 window;   // centre, width
uniform vec2 encoding; // offset, scale
uniform float slice;
uniform int kind;
uniform bool inverted;
out vec4 colour;
vec2 place() { return (origin + gl_FragCoord.xy * step_) / size; }
bool outside(vec2 at) { return any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, vec2(1.0))); }
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

export const GREY_VOLUME = `${COMMON}
uniform sampler3D picture;
void main() {
  vec2 at = place();
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : shown(texture(picture, vec3(at, slice)).r);
}`;

export const GREY_FLAT = `${COMMON}
uniform sampler2D picture;
void main() {
  vec2 at = place();
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : shown(texture(picture, at).r);
}`;

export const COLOUR_FLAT = `${COMMON}
uniform sampler2D picture;
void main() {
  vec2 at = place();
  vec3 rgb = texture(picture, at).rgb;
  colour = outside(at) ? vec4(0.0, 0.0, 0.0, 1.0) : vec4(inverted ? 1.0 - rgb : rgb, 1.0);
}`;
