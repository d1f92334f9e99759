/** Walks through every page of a clinic and lets axe-core look at each, on a desktop and a tablet: `node accessible.mjs PLAN.json`. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { freshCode, launch, looked, signIn, someone, until } from "./browser.mjs";
import { lockScreen } from "./pages.mjs";

const viewer = createRequire(new URL("../../appliance/web/viewer/package.json", import.meta.url));
const axe = readFileSync(viewer.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const LANGUAGES = ["es", "pt", "en"];
const SIZES = [{ width: 1280, height: 800 }, { width: 768, height: 1024 }];

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { pages: {}, addresses: {}, notThere: [], cutKeys: {}, control: [], faults };
const { url: origin } = plan.facts.web;
const invited = promised();
const lent = promised();
const sawNothing = promised();

/** Something that one person does and another waits for. */
function promised() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** A browser of its own for one person, with axe in every page from its beginning: so Chromium compiles it once. */
async function person(browser, origin) {
  const page = await someone(browser, origin, faults);
  await page.context().addInitScript(axe);
  return page;
}

/** Give every rule of WCAG 2.2 AA that the page breaks as it stands, with the first place. */
async function broken(page, contrast = true) {
  await page.waitForLoadState("load"); // its styles as well: what is waited for may be there before them
  return page.evaluate(async ([tags, contrast]) => {
    const rules = { "target-size": { enabled: true }, "color-contrast": { enabled: contrast } };
    const told = await window.axe.run(document, { runOnly: tags, rules, resultTypes: ["violations"] });
    return told.violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join(" | ")}`);
  }, [TAGS, contrast]);
}

/** What longer words do on the narrow screen: something stands out of the page, or is cut without a sign of it. */
const outside = (page) =>
  page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? [`the page is ${document.documentElement.scrollWidth} wide`] : [];
    const cut = [...document.querySelectorAll("button, .button, a, h1, h2, summary, label, th, .state")].filter((each) => each.clientWidth > 1 && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow !== "ellipsis");
    return [...wide, ...cut.map((each) => `cut: ${each.outerHTML.slice(0, 120)}`)];
  });

async function keep(page, name, faults) {
  found.pages[name] = faults;
  found.addresses[name] = new URL(page.url()).pathname;
  if (plan.pictures) await page.screenshot({ path: `${plan.pictures}/${name.replaceAll(" ", "-")}.png` });
}

async function examine(page, name) {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await keep(page, `${name} ${size.width}`, await broken(page));
  }
}

/** Give a browser one of the box's cookies; without TLS Chromium takes it for an address of this machine alone. */
function bake(page, address, name, value) {
  const { protocol, origin: url, hostname: domain } = new URL(address);
  const where = protocol === "https:" ? { url } : { domain, path: "/" };
  return page.context().addCookies([{ ...where, secure: true, httpOnly: true, sameSite: "Strict", name: `__Host-enamel-${name}`, value }]);
}

/** The same page in the other languages, on the narrow screen; its colours are those of the English one. */
async function translated(page, name, ready) {
  const speak = (language) => bake(page, page.url(), "language", language);
  for (const language of ["es", "pt"]) {
    await speak(language);
    await page.reload();
    await ready();
    const spoken = await page.evaluate(() => document.documentElement.lang);
    const wrong = spoken === language ? [] : [`it speaks ${spoken}`];
    await keep(page, `${name} ${language}`, [...wrong, ...(await outside(page)), ...(await broken(page, false))]);
  }
  await speak("en");
}

async function visit(page, name, path, ready = async () => undefined, host = origin, status = 200) {
  const answer = await page.goto(host + path);
  if (answer.status() !== status) found.notThere.push(`${name}: ${answer.status()}`);
  await ready();
  await examine(page, name);
  await translated(page, name, ready);
}

/** What everybody meets before anybody is known, and that a fault would be found. */
async function stranger(browser) {
  const page = await person(browser, origin);
  await visit(page, "login", "/login");
  await visit(page, "envelope", "/login/emergency");
  await page.evaluate(() => {
    document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="/static/mark.svg">');
    document.querySelector("h1").style.color = "#ccc";
  });
  found.control = (await broken(page)).map((line) => line.split(":")[0]);
  await page.evaluate(() => document.head.append(Object.assign(document.createElement("script"), { textContent: "window.broken = true" })));
  await until("the policy's own word of it", () => faults.policy.length > 1); // the console's and the event's
  found.refused = faults.policy.splice(0);
  await page.context().close();
}

async function invite(page) {
  await page.goto(`${origin}/people`);
  await page.fill("input[name=display_name]", "Inés Prueba");
  await page.fill("input[name=user_name]", "ines");
  await page.selectOption("select[name=role]", "lab");
  await page.fill("input[name=code]", await freshCode(plan.facts.web.totp_secret));
  await page.locator("form.form-grid button.primary").click();
  await page.waitForSelector(".passphrase");
  await examine(page, "invitation");
  invited.resolve(await page.locator(".enrol a").getAttribute("href"));
}

async function administrator(browser) {
  const page = await person(browser, origin);
  await signIn(page, origin, plan.facts.web);
  await invite(page);
  await visit(page, "senders", "/senders");
  await visit(page, "quarantine", "/quarantine");
  await page.locator('a[href$="/dismiss"]').first().click();
  await examine(page, "dismiss");
  await page.fill("input[name=reason]", "sent again");
  await page.locator("form.ask button").click();
  await visit(page, "dismissed", "/quarantine/dismissed");
  for (const [name, path] of plan.keeping) await visit(page, name, path);
  await visit(page, "people", "/people");
  await page.locator(".me > summary").click();
  await examine(page, "people with menus");
  await visit(page, "person", "/people/1");
  await visit(page, "leaver", plan.leaver);
  await visit(page, "account", "/account");
  await emergency(browser, page);
  await page.context().close();
}

/** A sealed code is drawn, somebody opens it and looks, and the administrator reads what was seen. */
async function emergency(browser, page) {
  await page.goto(`${origin}/trail/emergencies`);
  await page.fill("input[name=code]", await freshCode(plan.facts.web.totp_secret));
  await page.locator("main button.primary").click();
  await page.waitForSelector(".slip");
  await examine(page, "slip");
  const night = await person(browser, origin);
  await night.goto(`${origin}/login/emergency`);
  await night.fill("input[name=code]", await page.textContent(".slip .passphrase"));
  await night.fill("input[name=name]", "Nora Nocturna");
  await night.locator("input[value=treatment]").check();
  await night.fill("textarea", "The hospital asks");
  await night.locator("main button.primary").click();
  await night.waitForSelector("aside.emergency");
  await night.goto(`${origin}/studies/1`);
  await examine(night, "in an emergency");
  await night.locator("aside.emergency button").click();
  await night.waitForSelector("input[name=user_name]");
  await night.context().close();
  await visit(page, "emergency", "/trail/emergencies/1");
}

/** A new person's way in, to a page that has nothing for them yet; then what was given to their laboratory. */
async function newcomer(browser) {
  const page = await person(browser, origin);
  const invitation = await invited.promise;
  await page.goto(invitation);
  await until("the link fills the code in and leaves the address", async () => page.url() === `${origin}/join` && (await page.inputValue("input[name=code]")).length === 19);
  await examine(page, "join");
  await translated(page, "join", async () => undefined);
  await page.goto(`${origin}/login`);
  await page.goto(invitation);
  for (const name of ["new", "again"]) await page.fill(`input[name=${name}]`, plan.first);
  await page.locator("main button.primary").click();
  await page.waitForSelector(".secret");
  await examine(page, "enrol");
  await page.fill("input[name=code]", await freshCode((await page.textContent(".secret")).trim()));
  await page.locator('form[action="/login/enrol"] button').click();
  await page.waitForSelector(".codes");
  await examine(page, "codes");
  await page.locator("main button.primary").click();
  await page.waitForSelector(".panel.empty");
  await examine(page, "nothing");
  sawNothing.resolve();
  await lent.promise;
  await visit(page, "given to a laboratory", "/laboratory");
  await visit(page, "study given to a laboratory", await page.locator('a[href^="/laboratory/S-"]').first().getAttribute("href"));
  await page.context().close();
}

/** Give a study to the laboratory whose person was invited. */
async function give(page) {
  await invited.promise;
  await page.goto(`${origin}/studies/1/laboratories`);
  await page.selectOption("select[name=laboratory]", { index: 1 });
  await sawNothing.promise;
  await page.locator("form.ask button.primary").click();
  await page.waitForSelector(".notice.good");
  lent.resolve();
}

async function dentist(browser) {
  const page = await person(browser, origin);
  await page.goto(`${origin}/login`);
  await page.fill("input[name=user_name]", plan.facts.dentist.user);
  await page.fill("input[name=password]", plan.facts.dentist.password);
  await page.locator("main button.primary").click();
  await page.waitForSelector("input[name=code]");
  await examine(page, "code");
  await page.fill("input[name=code]", await freshCode(plan.facts.dentist.totp_secret));
  await page.locator("main button.primary").click();
  await page.waitForSelector(".row");
  await examine(page, "studies");
  await visit(page, "studies by name", "/studies?sort=name&when=today");
  await visit(page, "studies filtered to none", "/studies?modality=MR");
  await page.goto(`${origin}/studies`);
  await page.fill("#q", "nobody has this name");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#list .empty");
  await examine(page, "nothing found");
  for (const [number, path] of plan.studies.entries()) await visit(page, `study ${number}`, path);
  await page.locator(".onward").first().click();
  await page.waitForSelector(".group .row");
  await examine(page, "patient");
  await give(page);
  for (const [name, path] of plan.given) await visit(page, name, path);
  await visit(page, "password", "/password");
  await visit(page, "files", "/files");
  await page.goto(`${origin}/not-here`);
  await examine(page, "fault");
  for (const [name, path] of Object.entries(plan.series)) await room(page, name, path);
  await lockScreen(page, origin);
  await examine(page, "lock");
  await page.context().close();
}

/** How much of the sheet of keys is not seen at either size. */
async function cutKeys(page, language) {
  await bake(page, page.url(), "language", language);
  await page.reload();
  await looked(page);
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  const cut = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const below = await page.evaluate(() => document.querySelector("dialog[open]").scrollHeight - document.querySelector("dialog[open]").clientHeight);
    if (below > 0) cut.push(`at ${size.width}: ${below} px below`);
  }
  return cut;
}

/** The dark room, with its sheet of keys shut and open. */
async function room(page, name, path) {
  await visit(page, name, path, () => looked(page));
  await page.reload();
  await looked(page);
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await examine(page, `${name} with keys`);
  for (const language of LANGUAGES) found.cutKeys[`${name} ${language}`] = await cutKeys(page, language);
}

/** A locked box, a wrong passphrase, and the right one. */
async function locked(browser) {
  const page = await person(browser, plan.locked);
  await visit(page, "unlock", "/", undefined, plan.locked);
  await page.reload();
  await page.route("**/healthz", () => undefined); // the page goes on as soon as it has its answer: not while it is looked at
  for (const [name, given] of [["unlock refused", "wrong"], ["unlocking", plan.second]]) {
    await page.fill("input[name=passphrase]", given);
    await Promise.all([page.waitForNavigation(), page.locator("main button.primary").click()]);
    await examine(page, name);
  }
  await page.context().close();
}

/** States that take a day, a policy or a fault of the box: at a clinic in which they are had, one session after another. */
async function states(browser) {
  const { origin: host, sessions, faults: raised } = plan.had;
  const page = await person(browser, host);
  for (const [name, [token, path]] of Object.entries(sessions)) {
    await page.context().clearCookies();
    await bake(page, host, "session", token);
    if (name === "signed out by time") {
      await page.goto(host + path);
      await page.waitForSelector(".notice.calm");
      await examine(page, name);
    } else await visit(page, name, path, undefined, host);
  }
  await page.context().clearCookies();
  for (const [name, [path, status]] of Object.entries(raised)) await visit(page, name, path, undefined, host, status);
  await page.context().close();
}

const browser = await launch();
try {
  await Promise.all([stranger(browser).then(() => locked(browser)).then(() => states(browser)), administrator(browser), newcomer(browser), dentist(browser)]);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
