/** One person after another walks through a running clinic: `node walk.mjs PLAN.json` prints what they met as one JSON object. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { cursorIn, launch, looked, signIn, someone, until } from "./browser.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { small: {}, titles: {} };

const send = () => spawnSync(plan.storescu[0], plan.storescu.slice(1), { env: { ...process.env, TCP_NODELAY: "1" } });
const words = (page, where) => page.locator(where).allTextContents().then((all) => all.map((text) => text.trim()));
const here = (page) => new URL(page.url()).pathname;

/** Whatever can be pressed has to be 44 px high; a row of the list is one target as a whole. */
async function measure(page, name) {
  await page.waitForLoadState("load"); // with its styles
  found.titles[name] = await page.title();
  found.small[name] = await page.evaluate(() => {
    const targets = [...document.querySelectorAll("a:not(.name a, .foot a, .skip), button, select, summary, input:not([type=hidden], [type=checkbox], [type=range]), .row")];
    const boxes = targets.map((target) => [target.outerHTML.slice(0, 90), target.getBoundingClientRect()]);
    return boxes.filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5)).map(([text, box]) => `${text} ${box.width} x ${box.height}`);
  });
}

/** The scanner is refused, its card comes up by itself, and one press lets it in. */
async function administrator(browser) {
  const page = await someone(browser, origin, faults);
  await page.goto(`${origin}/login`);
  found.isolatedAtLogin = await page.evaluate(() => crossOriginIsolated);
  found.formCookies = await page.context().cookies();
  await measure(page, "login");
  await signIn(page, origin, plan.facts.web);
  found.cookies = await page.context().cookies();
  await page.goto(`${origin}/people`);
  await measure(page, "people");
  await page.goto(`${origin}/senders`);
  found.refused = send().status;
  await until("the card appears by itself", async () => (await words(page, ".card h3")).includes(plan.calling));
  found.waiting = await words(page, ".places .count");
  await measure(page, "senders");
  await page.getByText("Let it send scans").click();
  await page.waitForSelector(".notice.good");
  await page.context().close();
}

/** A dentist waits for the scan, finds it among others by keyboard, and looks at it. */
async function dentist(browser) {
  const page = await someone(browser, origin, faults, { width: 1024, height: 768 });
  await page.addInitScript(() => {
    window.shifted = [];
    const told = ({ value, startTime, sources }) => ({ value, startTime, moved: sources.map(({ node }) => node?.outerHTML?.slice(0, 99) ?? "") });
    const note = (list) => window.shifted.push(...list.getEntries().filter((entry) => !entry.hadRecentInput).map(told));
    new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
  });
  await signIn(page, origin, plan.facts.dentist);
  found.beforeAny = await words(page, "#list h2");
  await page.evaluate(() => (window.samePage = true));
  found.accepted = send().status;
  const since = Date.now();
  await until("the scan is listed by itself", async () => (await words(page, ".row .name")).includes(plan.name));
  found.listedSeconds = (Date.now() - since) / 1000;
  await until("its state settles by itself", async () => (await words(page, ".row .state")).includes("No gaps"));
  found.samePage = await page.evaluate(() => window.samePage === true);
  await measure(page, "list");
  await page.reload();
  found.shifted = await page.evaluate(() => window.shifted);
  await search(page);
  await viewer(page, browser);
  await page.context().close();
}

async function search(page) {
  await page.locator("#q").focus();
  await page.keyboard.type("zzz");
  await until("nothing is found", async () => (await words(page, "#list h2"))[0] === "Nothing found");
  for (let back = 0; back < 3; back++) await page.keyboard.press("Backspace");
  await page.keyboard.type(plan.typed);
  await until("it is found without accents", async () => (await words(page, "#summary"))[0].startsWith("1 study found"));
  found.address = page.url();
  found.focus = [];
  for (let press = 0; press < 7; press++) {
    await page.keyboard.press("Tab");
    found.focus.push(await page.evaluate(() => document.activeElement.name || document.activeElement.textContent.trim()));
  }
  await page.locator("#q").focus();
  await page.keyboard.press("ArrowDown");
  found.below = await page.evaluate(() => document.activeElement.textContent.trim());
  await page.keyboard.press("Enter");
  await page.waitForSelector(".patient");
  found.study = { name: await words(page, "h1"), notice: await words(page, ".notice strong"), series: await words(page, ".series .state") };
  await measure(page, "study");
  await until("its small picture is drawn", () => page.locator(".kind.drawn canvas").count());
  found.thumbnail = await page.evaluate(() => {
    const { width, height } = document.querySelector(".kind canvas");
    const greys = document.querySelector(".kind canvas").getContext("2d").getImageData(0, 0, width, height).data.filter((_, at) => at % 4 === 0);
    return { width, height, darkest: Math.min(...greys), brightest: Math.max(...greys) };
  });
  await page.getByText("Open images").focus();
  await page.keyboard.press("Enter");
}

async function viewer(page, browser) {
  await page.waitForSelector("#viewer");
  await looked(page);
  found.isolated = await page.evaluate(() => crossOriginIsolated);
  found.state = await page.evaluate(() => window.enamelViewer.state());
  found.stored = await page.evaluate(async ([slot, at]) => {
    const stored = await window.enamelViewer.stored(slot);
    return at.map((index) => stored[index]);
  }, [plan.slot, plan.at]);
  await measure(page, "viewer");
  const box = await page.locator(".cell.axial").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, 120);
  const [, , height] = found.state.planes.crosshair.at;
  await until("the wheel goes on", () => page.evaluate((before) => window.enamelViewer.state().planes.crosshair.at[2] !== before, height));
  found.reading = await words(page, ".cell.axial .value");
  await page.keyboard.press("f");
  await until("it fills the screen", () => page.evaluate(() => document.fullscreenElement !== null));
  found.fullScreenName = await page.locator(".subject b").isVisible();
  await page.keyboard.press("f");
  found.sheets = await sheets(page);
  found.travelled = await travelled(page, browser);
  await throughRefusals(() => lock(page));
  await page.getByText("Study", { exact: true }).click();
  await page.waitForSelector(".patient");
  found.backAt = here(page);
}

/** The sheets over the pictures, and what the list says of measurements before there are any. */
async function sheets(page) {
  const fits = (sheet) => sheet.evaluate(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight);
  const clears = await page.getByTitle("Remove measurements").isVisible();
  await page.keyboard.press("m");
  const list = await words(page, ".measures p");
  await page.keyboard.press("m");
  await page.keyboard.press("d");
  await page.waitForSelector("dialog.information[open]");
  const dates = (await words(page, "dialog.information dd")).filter((text) => text.includes("1984"));
  await page.locator("dialog[open] .close").click();
  await page.keyboard.press("?");
  await page.waitForSelector("dialog.keys[open]");
  const keys = { fits: await fits(page.locator("dialog.keys")), pictures: await page.locator("dialog.keys dd svg").count() };
  await page.locator("dialog[open] .close").click();
  return { clears, list, dates, keys };
}

/** How many bytes an address answers with to a browser. Chromium itself tells of a worker's script what it likes. */
const onTheWire = (address) =>
  new Promise((resolve, reject) => {
    const options = { rejectUnauthorized: false, headers: { "accept-encoding": "gzip, deflate, br, zstd" } }; // Python checks the certificate
    get(address, options, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${address}: ${answer.statusCode}`));
      let bytes = 0;
      answer.on("data", (part) => (bytes += part.length)).on("end", () => resolve(bytes));
    }).on("error", reject);
  });

/** Every byte of script and wasm that travels to a browser that was never here, before the first picture of this series. */
async function travelled(page, browser) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: await page.context().storageState() });
  const fresh = await context.newPage();
  const came = [];
  const files = [];
  fresh.on("requestfinished", (request) => {
    const { pathname } = new URL(request.url());
    files.push(pathname);
    if (/\.(js|wasm)$/.test(pathname)) came.push(onTheWire(request.url()).then((bytes) => ({ file: pathname.split("/").pop(), bytes, began: request.timing().startTime })));
  });
  await fresh.goto(page.url());
  await looked(fresh);
  await until("the sheets have come", () => files.some((file) => file.includes("/sheets-")));
  const first = await fresh.evaluate(() => performance.timeOrigin + performance.getEntriesByName("enamel-first-picture")[0].startTime);
  const all = await Promise.all(came);
  await context.close();
  return { before: all.filter(({ began }) => began < first), after: all.filter(({ began }) => began >= first).map(({ file }) => file) };
}

/** What hands did to the planes: the tool aside, all that the next look has to find as it was. */
const done = (page) =>
  page.evaluate(() => {
    const { window: { centre, width }, planes } = window.enamelViewer.state();
    return { centre, width, layout: planes.layout, crosshair: planes.crosshair, marks: planes.marks };
  });

/** Measure, turn the window, and move the crosshair. */
async function work(page) {
  const box = await page.locator(".cell.axial").boundingBox();
  const drag = async (x, y, dx, dy) => {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + x * box.width + dx, box.y + y * box.height + dy, { steps: 3 });
    await page.mouse.up();
  };
  for (const [key, ...way] of [["l", 0.3, 0.3, 60, 20], ["w", 0.5, 0.5, 25, -15], ["c", 0.5, 0.5, 20, 30]]) {
    await page.keyboard.press(key);
    await drag(...way);
  }
  await until("it is measured", () => page.evaluate(() => window.enamelViewer.state().planes.marks.length === 1));
}

/** What a tab still holds of a patient. */
const left = (page) =>
  page
    .evaluate(() => ({ gone: location.pathname === "/lock" || document.documentElement.hidden, canvases: document.querySelectorAll("canvas").length, words: document.body.textContent }))
    .catch(() => null); // between two pages there is nothing to ask

/** Whatever a page was just asking when its screen was locked, or unlocked elsewhere, is refused; Chromium calls that an error. */
async function throughRefusals(act) {
  const before = faults.errors.length;
  await act();
  const meanwhile = faults.errors.splice(before);
  faults.errors.push(...meanwhile.filter((text) => !text.includes("status of 401")));
}

/** The screen is locked in one tab; two with pictures, one of them with another series of work, go dark by themselves. */
async function lock(page) {
  const context = page.context();
  const room = page.url();
  await work(page);
  const before = await done(page);
  const [second, menu] = [await context.newPage(), await context.newPage()];
  await second.goto(`${origin}/studies`);
  await second.goto(room);
  await looked(second);
  await menu.goto(`${origin}/studies`);
  await menu.locator("summary").click();
  await measure(menu, "menu");
  const asked = menu.waitForRequest(`${origin}/lock/now`).then(() => Date.now());
  const pressed = menu.getByText("Lock the screen").click();
  found.dark = await Promise.all(
    [page, second].map(async (tab) => {
      const seen = await until("nothing is left in sight", () => left(tab).then((all) => (all?.gone ? all : null)), 5);
      return { seconds: (Date.now() - (await asked)) / 1000, ...seen };
    }),
  );
  await pressed;
  await menu.waitForSelector("h1");
  found.lockWords = await words(menu, "h1");
  for (const tab of [page, second]) await tab.waitForURL((address) => address.pathname === "/lock", { timeout: 24000 });
  found.lockedAt = page.url().replace(origin, "");
  await second.goBack();
  found.backwards = { at: here(second), ...(await left(second)) };
  await cursorIn(page, "password");
  await page.keyboard.type(plan.facts.dentist.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#viewer");
  found.cameBack = page.url() === room;
  await looked(page);
  await until("the planes stand", () => page.evaluate(() => window.enamelViewer.state().planes !== null)); // a frame after the last slice, on a slow machine
  found.kept = { before, after: await done(page) };
  await second.close();
  await menu.close();
}

const browser = await launch();
try {
  await administrator(browser);
  await dentist(browser);
  console.log(JSON.stringify({ found, faults }));
} finally {
  await browser.close();
}
