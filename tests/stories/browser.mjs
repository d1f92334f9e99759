/** What every walk through a running clinic needs: a real Chromium, its faults written down, and a person's authenticator app. */
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { CHROMIUM } from "../../appliance/web/viewer/tests/chromium.mjs";

const viewer = createRequire(new URL("../../appliance/web/viewer/package.json", import.meta.url));
const { chromium } = viewer("playwright-core");

const PATIENCE_MS = 240_000; // a busy machine is slow and not broken: tests/patience.py

export const launch = (...flags) => chromium.launch({ ...CHROMIUM, args: [...CHROMIUM.args, ...flags], timeout: PATIENCE_MS });

/** A browser of its own for one person, with script or without. The clinic's CA is not in Chromium's store; Python checks the certificate. */
export async function someone(browser, origin, faults, size = { width: 1440, height: 900 }, javaScriptEnabled = true) {
  return pageOf(await browser.newContext({ ignoreHTTPSErrors: true, viewport: size, hasTouch: size.width < 1200, javaScriptEnabled }), origin, faults);
}

/** A browser with a profile on the disk, which believes the certificate of this key (SHA-256, base64), as clinics' browsers do: it caches what it may. */
export const launchKept = (folder, key) =>
  chromium.launchPersistentContext(folder, { ...CHROMIUM, args: [...CHROMIUM.args, `--ignore-certificate-errors-spki-list=${key}`], viewport: { width: 1440, height: 900 }, timeout: PATIENCE_MS });

/** A page in a person's browser, whose faults are written down. */
export async function pageOf(context, origin, faults) {
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("page", (page) => watch(page, origin, faults));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI} in ${document.URL}`));
  });
  return context.newPage();
}

function watch(page, origin, faults) {
  page.on("request", (request) => {
    const url = request.url();
    if (![origin + "/", "data:", "blob:"].some((start) => url.startsWith(start))) faults.foreign.push(url);
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content.Security.Policy|Refused to/.test(text)) faults.policy.push(text);
    else if (message.type() === "error") faults.errors.push(`${text} ${message.location().url.replace(origin, "")}`);
    else if (message.type() === "warning" && !text.includes("GL Driver Message")) faults.warnings.push(text);
  });
}

/** `waitForFunction` needs eval, which the pages forbid: ask again and again instead. */
export async function until(what, ask, seconds = 120) {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 40));
  }
}

/** Half minutes since 1970. */
export const stepNow = () => Math.floor(Date.now() / 30000);

/** The six digits that an authenticator app shows now, or at another step (RFC 6238). */
export function code(secret, step = stepNow()) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/[\s=]/g, "")].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counted = Buffer.alloc(8);
  counted.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", key).update(counted).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1e6).padStart(6, "0");
}

const used = {};

/** A code that was not used yet: each is taken once. The box takes those of a clock that goes a step slow or fast, so three are at hand without waiting. */
export async function freshCode(secret) {
  const slow = Math.floor(Date.now() / 30000 - 0.5); // still taken for a quarter of a minute
  const step = Math.max(slow, (used[secret] ?? 0) + 1);
  await until("a code that was not used", () => step <= stepNow() + 1, 90);
  used[secret] = step;
  return code(secret, step);
}

/** The page puts the cursor there itself, when it is first drawn. */
export const cursorIn = (page, field) => until(`the cursor is in ${field}`, () => page.evaluate((name) => document.activeElement?.name === name, field));

/** Sign in by keyboard alone: each page puts the cursor where typing starts. */
export async function signIn(page, origin, who) {
  await page.goto(`${origin}/`);
  await cursorIn(page, "user_name");
  await page.keyboard.type(who.user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(who.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${origin}/login/code`);
  await cursorIn(page, "code");
  await page.keyboard.type(await freshCode(who.totp_secret));
  await page.keyboard.press("Enter");
  await page.waitForSelector("header.bar");
}

export const looked = (page) => until("the viewer is done", () => page.evaluate(() => ["all", "failed", "refused", "empty"].includes(document.querySelector("#viewer")?.dataset.ready)), 40);
