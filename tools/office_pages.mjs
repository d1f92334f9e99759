/** Takes pictures of every page of the office, in English on a desk and a tablet, in the other languages on a desk: `node tools/office_pages.mjs PLAN.json`. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { freshCode, launch, someone, until } from "../tests/stories/browser.mjs";

const DESK = { width: 1440, height: 900 };
const VARIANTS = [["en", DESK, "en"], ["en", { width: 1024, height: 768 }, "en-tablet"], ["es", DESK, "es"], ["pt", DESK, "pt"]];
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const shown = { STUDY: "", PATIENT: "" };
let taken = 0;

const speak = (page, language) => page.context().addCookies([{ url: origin, secure: true, httpOnly: true, sameSite: "Strict", name: "__Host-enamel-language", value: language }]);

async function take(page, name, variant) {
  taken += 1;
  await page.screenshot({ path: path.join(plan.folder, variant, `${name}.png`), fullPage: true, animations: "disabled" });
}

/** The same page in every language and size; `deed` leads there anew each time. */
async function every(page, name, deed) {
  for (const [language, size, variant] of VARIANTS) {
    await speak(page, language);
    await page.setViewportSize(size);
    await deed(language);
    await take(page, name, variant);
  }
}

const address = (place) => origin + place.replace(/STUDY|PATIENT/, (key) => shown[key]);

async function at(page, name, place, status = 200) {
  await every(page, name, async () => {
    const answer = await page.goto(address(place));
    if (answer.status() !== status) throw new Error(`${place} was answered by ${answer.status()}`);
  });
}

/** What comes once only, in the one language it came in. */
async function once(page, name, language) {
  for (const [spoken, size, variant] of VARIANTS) {
    if (spoken !== language) continue;
    await page.setViewportSize(size);
    await take(page, name, variant);
  }
}

async function withPassword(page, who) {
  await page.goto(`${origin}/login`);
  await page.fill("input[name=user_name]", who.user);
  await page.fill("input[name=password]", who.password);
  await page.locator("main button.primary").click();
  await page.waitForSelector("input[name=code]");
}

async function withCode(page, who) {
  await page.fill("input[name=code]", await freshCode(who.totp_secret));
  await page.locator("main button.primary").first().click();
  await page.waitForSelector("header.bar");
}

/** Invite somebody of a role; give the link. */
async function invite(page, one) {
  await speak(page, one.language);
  await page.goto(`${origin}/people`);
  await page.fill("input[name=display_name]", one.name);
  await page.fill("input[name=user_name]", one.user);
  await page.selectOption("select[name=role]", one.role);
  await page.fill("form.form-grid input[name=code]", await freshCode(plan.web.totp_secret));
  await page.locator("form.form-grid [type=submit]").click();
  await page.waitForSelector(".passphrase");
  await once(page, "invitation", one.language);
  return page.locator(".enrol a").getAttribute("href");
}

/** A new person's whole way in; their browser stays theirs. */
async function newcomer(browser, one, link) {
  const page = await someone(browser, origin, faults, DESK);
  await speak(page, one.language);
  await page.goto(link);
  await until("the code is filled in", () => page.inputValue("input[name=code]").then((value) => value.length === 19));
  await once(page, "join", one.language);
  for (const name of ["new", "again"]) await page.fill(`input[name=${name}]`, plan.first_password);
  await page.locator("main button.primary").click();
  await page.waitForSelector(".secret");
  await once(page, "enrol", one.language);
  one.totp_secret = (await page.textContent(".secret")).trim();
  await page.fill("input[name=code]", await freshCode(one.totp_secret));
  await page.locator('form[action="/login/enrol"] button').click();
  await page.waitForSelector(".codes");
  await once(page, "codes", one.language);
  await page.locator("main button.primary").click();
  await page.waitForSelector("header.bar");
  return page;
}

async function stranger(page) {
  await at(page, "login", "/login");
  await at(page, "join-empty", "/join");
  await every(page, "login-refused", async () => {
    await page.goto(`${origin}/login`);
    await page.fill("input[name=user_name]", "nobody");
    await page.fill("input[name=password]", "not the password");
    await page.locator("main button.primary").click();
    await page.waitForSelector("[role=alert]");
  });
}

async function passkey(page, who) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto(`${origin}/account`);
  await page.fill("form[data-passkey] input[name=name]", "My laptop");
  await page.fill("form[data-passkey] input[name=code]", await freshCode(who.totp_secret));
  await page.locator("form[data-passkey] [type=submit]").click();
  await page.waitForSelector(".notice.good");
  await page.fill('form[action="/account/pin"] input[name=password]', who.password);
  await page.fill('form[action="/account/pin"] input[name=pin]', "2580");
  await page.locator('form[action="/account/pin"] [type=submit]').click();
  await page.waitForSelector(".notice.good");
}

async function exports(page) {
  await at(page, "export-study", "/studies/STUDY/export");
  await at(page, "export-patient", "/patients/PATIENT/export");
  await every(page, "export-passphrase", async () => {
    await page.goto(address("/studies/STUDY/export"));
    await page.locator("form.ask button.primary").click();
    await page.waitForSelector(".passphrase");
  });
}

async function giving(page) {
  await at(page, "give-nobody-has-it", "/studies/STUDY/laboratories");
  for (const place of ["/studies/1/laboratories", "/studies/STUDY/laboratories"]) {
    await page.goto(address(place));
    await page.selectOption("select[name=laboratory]", { index: 1 });
    await page.locator("form.ask button.primary").click();
    await page.waitForSelector(".notice.good");
  }
  await every(page, "give-given", () => page.goto(address("/studies/STUDY/laboratories?told=given")));
}

/** Learn which study and patient are shown. */
async function find(page) {
  await page.goto(`${origin}/studies?sort=name`);
  const links = page.locator(".row", { hasText: plan.name }).locator('a[href^="/studies/"]');
  for (const link of await links.evaluateAll((all) => all.map((each) => each.getAttribute("href")))) {
    await page.goto(origin + link);
    if ((await page.locator(".series").count()) === 2) shown.STUDY = link.split("/")[2];
  }
  shown.PATIENT = (await page.locator('a[href^="/patients/"]').first().getAttribute("href")).split("/")[2];
}

async function dentist(page, who) {
  for (const [name, place] of plan.dentists) await at(page, name, place);
  await at(page, "not-found", "/nowhere", 404);
  await giving(page);
  await exports(page);
  await passkey(page, who);
  await every(page, "own-account", () => page.goto(`${origin}/account?told=pin`));
  await every(page, "own-account-refused", async () => {
    await page.goto(`${origin}/account`);
    await page.fill('form[action="/account/pin"] input[name=password]', "not the password");
    await page.fill('form[action="/account/pin"] input[name=pin]', "2581");
    await page.locator('form[action="/account/pin"] [type=submit]').first().click();
    await page.waitForSelector("[role=alert]:not([hidden])");
  });
  await every(page, "lock", () => page.goto(`${origin}/lock?back=/account`));
}

/** Signed out, in a browser that knows who was here. */
async function familiar(page, who) {
  await page.context().clearCookies({ name: "__Host-enamel-session" });
  await at(page, "login-familiar", "/login");
  await withPassword(page, who);
  await every(page, "code-with-passkey", () => page.goto(`${origin}/login/code`));
}

async function laboratory(page) {
  await at(page, "laboratory", "/laboratory");
  const studies = await page.locator('a[href^="/laboratory/S-"]').evaluateAll((all) => all.map((each) => each.getAttribute("href")));
  for (const [number, study] of studies.entries()) await at(page, `laboratory-study-${number + 1}`, study);
  await at(page, "not-for-your-account", "/people", 403);
}

/** Let the box look through its record as it does each morning. */
async function look(page) {
  await speak(page, "en");
  await page.goto(`${origin}/keeping/jobs`);
  await page.locator('form[action="/keeping/jobs/look-through-the-record/run"] [type=submit]').click();
  await until("the box has looked", () => page.goto(`${origin}/trail/days`).then(() => page.locator(".looked").count()), 60);
}

async function record(page) {
  await look(page);
  await at(page, "record", "/trail");
  await at(page, "record-views-of-one-patient", "/trail?what=views&patient=PATIENT");
  await at(page, "record-nothing", "/trail?since=2001-01-01&until=2001-01-02");
  await at(page, "record-unusual", "/trail/days");
  await at(page, "record-anchors", "/trail/anchors");
  await every(page, "record-anchors-hold", async () => {
    await page.goto(`${origin}/trail/anchors`);
    await page.locator('form[action="/trail/anchors"] [type=submit]').click();
    await page.waitForSelector(".notices .notice");
  });
  await every(page, "record-anchors-mistyped", async () => {
    await page.goto(`${origin}/trail/anchors`);
    await page.fill("input[name=sequence]", "12");
    await page.fill("input[name=code]", "abcd");
    await page.locator('form[action="/trail/anchors"] [type=submit]').click();
    await page.waitForSelector(".notices .notice");
  });
}

async function administrator(page) {
  for (const [name, place] of plan.administrators) await at(page, name, place);
  await speak(page, "en");
  await page.goto(`${origin}/quarantine`);
  const dismiss = await page.locator('a[href$="/dismiss"]').first().getAttribute("href");
  await at(page, "quarantine-dismiss", dismiss);
  await every(page, "menu", async () => {
    await page.goto(`${origin}/people`);
    await page.locator(".me > summary").click();
  });
}

const newcomers = [
  { language: "en", name: "Laboratorio Lilas", user: "lilas", role: "lab" },
  { language: "es", name: "Aurelia Auditora", user: "aurelia", role: "auditor" },
  { language: "pt", name: "Rosa Recepção", user: "rosa", role: "reception" },
];
for (const [, , variant] of VARIANTS) mkdirSync(path.join(plan.folder, variant), { recursive: true });
const browser = await launch();
try {
  const [desk, chair] = [await someone(browser, origin, faults, DESK), await someone(browser, origin, faults, DESK)];
  await stranger(desk);
  await withPassword(desk, plan.web);
  await every(desk, "code", () => desk.goto(`${origin}/login/code`));
  await withCode(desk, plan.web);
  const joined = [];
  for (const one of newcomers) joined.push(await newcomer(browser, one, await invite(desk, one)));
  await at(joined[0], "laboratory-nothing-yet", "/laboratory");
  await speak(chair, "en");
  await withPassword(chair, plan.dentist);
  await withCode(chair, plan.dentist);
  await find(chair);
  await Promise.all([dentist(chair, plan.dentist), administrator(desk)]);
  await laboratory(joined[0]);
  await at(joined[1], "seen-as-auditor", "/patients/PATIENT/seen");
  await at(joined[2], "reception-study", "/studies/STUDY");
  await familiar(chair, plan.dentist);
  await record(desk);
} finally {
  await browser.close();
}
console.log(`${taken} pictures of the office; the browser's own complaints: ${JSON.stringify(faults)}`);
