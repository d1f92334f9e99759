/** A person makes a passkey in a real Chromium and comes in by it: `node passkeys.mjs PLAN.json`. The device is Chromium's own virtual authenticator. */
import { readFileSync } from "node:fs";
import { launch, someone } from "./browser.mjs";
import { addPasskey, at, byPassword as signInAs, cookie, deviceOf, fresh, lockScreen, pictures } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const who = plan.facts.dentist;
const picture = pictures(plan.pictures);

async function byPassword(page) {
  await signInAs(page, origin, who.user, who.password);
  await page.waitForSelector("input[name=code]");
}

/** Nobody is signed in any more; a page that were still open would notice, and go elsewhere by itself. */
async function forgetSession(page) {
  await page.goto("about:blank");
  await page.context().clearCookies({ name: "__Host-enamel-session" });
}

const browser = await launch();
try {
  const page = await someone(browser, origin, faults);
  const device = await deviceOf(page);
  await byPassword(page);
  await fresh(page, who.totp_secret, "form");
  await page.locator("main button").first().click();
  await at(page, "/studies");
  found.deviceCookie = Boolean(await cookie(page, "device"));
  await page.goto(`${origin}/account`);
  await picture(page, "account");
  found.troubleBefore = await page.locator(".passkey .notice").isVisible();
  await addPasskey(page, origin, who.totp_secret, "My laptop");
  found.made = (await device.credentials()).map(({ rpId, isResidentCredential }) => ({ rpId, isResidentCredential }));
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

  // Locked: a key that is only touched opens nothing, the same one does once it knows who holds it.
  await lockScreen(page, origin, "/account");
  await picture(page, "lock-with-passkey");
  await device.knowsOwner(false);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForSelector(".passkey [role=alert]:not([hidden])");
  found.touched = new URL(page.url()).pathname;
  await device.knowsOwner(true);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await at(page, "/account");
  found.unlocked = await page.locator("h1").textContent();

  // A PIN for this browser, and back by it.
  await page.fill('form[action="/account/pin"] input[name=password]', who.password);
  await page.fill('form[action="/account/pin"] input[name=pin]', "2580");
  await page.locator('form[action="/account/pin"] button').click();
  await page.waitForSelector(".notice.good");
  await lockScreen(page, origin, "/account");
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
  found.counted = (await device.credentials())[0].signCount;

  // After the password, instead of the code.
  await forgetSession(page);
  await byPassword(page);
  await picture(page, "code-with-passkey");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await at(page, "/studies");

  // A device that does not know its owner is no only factor.
  await device.knowsOwner(false);
  await forgetSession(page);
  await page.goto(`${origin}/login`);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForSelector(".passkey [role=alert]:not([hidden])");
  found.unverified = new URL(page.url()).pathname;
  found.troubleAfter = await page.locator(".passkey .notice").isVisible();
  await device.knowsOwner(true);

  // Removed here, it opens nothing, although the device still has it.
  await byPassword(page);
  await fresh(page, who.totp_secret, "form");
  await page.locator("main button").first().click();
  await at(page, "/studies");
  await page.goto(`${origin}/account`);
  await page.locator("details.sure > summary").click();
  await fresh(page, who.totp_secret, "details.sure");
  await page.locator("details.sure button[type=submit]").click();
  await page.waitForSelector(".notice.good");
  await forgetSession(page);
  await page.goto(`${origin}/login`);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForSelector(".notice.bad");
  found.removed = new URL(page.url()).pathname;
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
