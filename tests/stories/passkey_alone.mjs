/** Somebody who is invited takes a passkey and no app: `node passkey_alone.mjs PLAN.json`. The device is Chromium's own virtual authenticator. */
import { readFileSync } from "node:fs";
import { launch, someone, until } from "./browser.mjs";
import { at, byPassword, cookie, deviceOf, lockScreen, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const { invited, colleague } = plan;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);

/** Go away from a page and forget who is signed in. */
async function leave(page) {
  await page.goto("about:blank");
  await page.context().clearCookies({ name: "__Host-enamel-session" });
}

async function afterPassword(page) {
  await leave(page);
  await byPassword(page, origin, invited.user, invited.password);
  await at(page, "/login/code");
}

/** Show the passkey where a decision asks, and decide by the form's own button. */
async function decide(page, form) {
  await page.waitForSelector(`${form} [data-proof]:not([hidden])`);
  await page.locator(`${form} [data-proof]`).click();
  await page.waitForSelector(`${form} [role=status]:not([hidden])`);
  await page.locator(`${form} button[type=submit]`).click();
}

/** Join by the invitation, and set the passkey up: at first by a device that does not know its owner. */
async function join(page, device) {
  await page.goto(invited.link);
  await page.waitForSelector("input[name=new]");
  await page.fill("input[name=new]", invited.password);
  await page.fill("input[name=again]", invited.password);
  await press(page, "Continue");
  await at(page, "/login/enrol");
  await page.waitForSelector(".passkey:not([hidden])");
  await picture(page, "enrol-with-choice");
  await page.fill("input[name=name]", "My phone");
  await device.knowsOwner(false);
  await press(page, "Set up a passkey");
  await page.waitForSelector(".passkey [role=alert]:not([hidden])");
  found.unverified = path(page);
  await device.knowsOwner(true);
  await press(page, "Set up a passkey");
  await page.waitForSelector(".codes");
  await picture(page, "enrol-codes");
  found.made = (await device.credentials()).map(({ rpId, isResidentCredential }) => ({ rpId, isResidentCredential }));
  const codes = (await page.locator(".codes li").allTextContents()).map((each) => each.trim());
  await press(page, "I have them on paper");
  await page.waitForSelector("header.bar");
  return codes;
}

/** A colleague's account is closed, and the glass broken, by the passkey. */
async function dangerous(page) {
  await page.goto(`${origin}/people/${colleague}`);
  await picture(page, "person-decided-by-passkey");
  await decide(page, `form[action="/people/${colleague}/close"]`);
  await page.waitForSelector(".notice.good");
  await page.goto(`${origin}/emergency`);
  await page.locator("input[name=reason]").first().check();
  await page.fill("textarea", "Fell off a bicycle, the hospital asks");
  await picture(page, "emergency-by-passkey");
  await decide(page, 'form[action="/emergency"]');
  await page.waitForSelector("aside.emergency");
  found.broken = true;
  await press(page, "End now");
  await until("the emergency is over", async () => (await page.locator("aside.emergency").count()) === 0);
}

/** The same without script: a printed code opens, and decides. */
async function withoutScript(browser, codes) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await byPassword(page, origin, invited.user, invited.password);
  await at(page, "/login/code");
  found.scriptless = await words(page, "noscript");
  await picture(page, "code-without-script");
  await page.fill("input[name=code]", codes.pop());
  await press(page, "Sign in by this code");
  await page.waitForSelector("header.bar");
  await page.goto(`${origin}/account`);
  await picture(page, "account-without-script");
  await page.fill('form[action="/account/codes"] input[name=code]', codes.pop());
  await page.locator('form[action="/account/codes"] [type=submit]').click();
  await page.waitForSelector(".codes");
  const fresh = (await page.locator(".codes li").allTextContents()).map((each) => each.trim());
  await context.close();
  return fresh;
}

/** The device is lost: a printed code lets in, another one adds a new passkey, which takes the lost one away. */
async function lost(page, device, codes) {
  await device.forgets();
  await afterPassword(page);
  await press(page, "Use a passkey");
  await page.waitForSelector(".passkey [role=alert]:not([hidden])");
  await picture(page, "code-with-passkey-lost");
  await page.fill("input[name=code]", codes.pop());
  await press(page, "Sign in by this code");
  await page.waitForSelector("header.bar");
  await page.goto(`${origin}/account`);
  found.removable = await page.locator("details.sure").count();
  await picture(page, "account-only-one");
  await page.fill("form[data-passkey] input[name=name]", "New phone");
  await page.fill("form[data-passkey] input[name=code]", codes.pop());
  await page.locator("form[data-passkey] button[type=submit]").click();
  await page.waitForSelector(".notice.good");
  await page.locator("tr", { hasText: "My phone" }).locator("summary").click();
  await decide(page, 'tr:has-text("My phone") details.sure form');
  await page.waitForSelector(".notice.good");
  found.left = await page.locator("section:has(> h2:text('Passkeys')) td bdi").allTextContents();
}

const browser = await launch();
try {
  const page = await someone(browser, origin, faults);
  const device = await deviceOf(page);
  let codes = await join(page, device);
  found.codes = codes.length;
  found.deviceCookie = Boolean(await cookie(page, "device"));

  await afterPassword(page);
  await picture(page, "code-passkey-alone");
  found.asked = await words(page, "h1");
  await press(page, "Use a passkey");
  await page.waitForSelector("header.bar");
  await dangerous(page);

  await lockScreen(page, origin, "/account");
  await picture(page, "lock-passkey-alone");
  await press(page, "Use a passkey");
  await at(page, "/account");
  found.unlocked = await words(page, "h1");

  codes = await withoutScript(browser, codes);
  await lost(page, device, codes);

  await leave(page);
  await page.goto(`${origin}/login`);
  await press(page, "Use a passkey");
  await page.waitForSelector("header.bar");
  found.inByTheNewOne = true;
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
