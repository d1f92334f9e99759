/** A person makes a passkey in a real Chromium and comes in by it: `node passkeys.mjs PLAN.json`. The device is Chromium's own virtual authenticator. */
import { readFileSync } from "node:fs";
import { code, launch, someone, stepNow, until } from "./browser.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const who = plan.facts.dentist;
const SIZES = [[{ width: 1440, height: 900 }, "desk"], [{ width: 1024, height: 768 }, "tablet"]];

async function picture(page, name) {
  if (!plan.pictures) return;
  for (const [size, suffix] of SIZES) {
    await page.setViewportSize(size);
    await page.screenshot({ path: `${plan.pictures}/${name}-${suffix}.png`, fullPage: true });
  }
}

/** What this browser is known by; the session it holds. */
const cookie = async (page, name) => (await page.context().cookies()).find((each) => each.name === `__Host-enamel-${name}`)?.value;
const at = (page, path) => until(`the page ${path}`, () => new URL(page.url()).pathname === path);

async function byPassword(page) {
  await page.goto(`${origin}/login`);
  await page.fill("input[name=user_name]", who.user);
  await page.fill("input[name=password]", who.password);
  await page.locator("main button").first().click();
  await page.waitForSelector("input[name=code]");
}

async function freshCode(page, form) {
  found.lastStep = Math.max(stepNow(), (found.lastStep ?? 0) + 1);
  await until("a code that was not used", () => found.lastStep <= stepNow() + 1, 40); // of a clock that goes a step ahead
  await page.fill(`${form} input[name=code]`, code(who.totp_secret, found.lastStep));
}

const browser = await launch();
try {
  const page = await someone(browser, origin, faults);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const credentials = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  await byPassword(page);
  await freshCode(page, "form");
  await page.locator("main button").first().click();
  await at(page, "/studies");
  found.deviceCookie = Boolean(await cookie(page, "device"));
  await page.goto(`${origin}/account`);
  await picture(page, "account");
  found.troubleBefore = await page.locator(".passkey .notice").isVisible();
  await page.fill("input[name=name]", "My laptop");
  await freshCode(page, "form[data-passkey]");
  await page.locator("form[data-passkey] button[type=submit]").click();
  await page.waitForSelector(".notice.good");
  found.made = (await credentials()).map(({ rpId, isResidentCredential }) => ({ rpId, isResidentCredential }));
  await picture(page, "account-with-passkey");

  // A decision, by the passkey in place of a code.
  await page.goto(`${origin}/account`);
  await page.waitForSelector('form[action="/account/codes"] [data-proof]:not([hidden])');
  await picture(page, "account-decided-by-passkey");
  await page.locator('form[action="/account/codes"] [data-proof]').click();
  await page.waitForSelector('form[action="/account/codes"] [role=status]:not([hidden])');
  await picture(page, "account-passkey-shown");
  await page.locator('form[action="/account/codes"] [type=submit]').click();
  await at(page, "/account/codes");
  found.codes = await page.locator("main li").count();

  // Locked, and open again by the passkey.
  await page.goto(`${origin}/lock?back=/account`);
  await picture(page, "lock-with-passkey");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await at(page, "/account");
  found.unlocked = await page.locator("h1").textContent();

  // A PIN for this browser, and back by it.
  await page.fill('form[action="/account/pin"] input[name=password]', who.password);
  await page.fill('form[action="/account/pin"] input[name=pin]', "2580");
  await page.locator('form[action="/account/pin"] button').click();
  await page.waitForSelector(".notice.good");
  await page.goto(`${origin}/lock?back=/account`);
  await picture(page, "lock-with-pin");
  await page.fill("input[name=pin]", "2580");
  await page.getByRole("button", { name: "Come in" }).click();
  await at(page, "/account");
  found.backByPin = await page.locator("h1").textContent();

  // Signed out, and in by the passkey alone.
  const before = await cookie(page, "session");
  await page.locator(".me > summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await at(page, "/login");
  await picture(page, "login-with-passkey");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await at(page, "/studies");
  found.freshSession = (await cookie(page, "session")) !== before;
  found.counted = (await credentials())[0].signCount;

  // After the password, instead of the code.
  await page.context().clearCookies({ name: "__Host-enamel-session" });
  await byPassword(page);
  await picture(page, "code-with-passkey");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await at(page, "/studies");

  // A device that does not know its owner is no only factor.
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.context().clearCookies({ name: "__Host-enamel-session" });
  await page.goto(`${origin}/login`);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForSelector(".passkey [role=alert]:not([hidden])");
  found.unverified = new URL(page.url()).pathname;
  found.troubleAfter = await page.locator(".passkey .notice").isVisible();
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

  // Removed here, it opens nothing, although the device still has it.
  await byPassword(page);
  await freshCode(page, "form");
  await page.locator("main button").first().click();
  await at(page, "/studies");
  await page.goto(`${origin}/account`);
  await page.locator("details.sure > summary").click();
  await freshCode(page, "details.sure");
  await page.locator("details.sure button[type=submit]").click();
  await page.waitForSelector(".notice.good");
  await page.context().clearCookies({ name: "__Host-enamel-session" });
  await page.goto(`${origin}/login`);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForSelector(".notice.bad");
  found.removed = new URL(page.url()).pathname;
} finally {
  await browser.close();
}
delete found.lastStep;
console.log(JSON.stringify(found));
