/** How every test starts Chromium: the machine's own, drawing in software, asking nobody for anything. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const CHROMIUM = { executablePath: process.env.ENAMEL_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS };
