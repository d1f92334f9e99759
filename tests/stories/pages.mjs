/** What a person does at a clinic's pages, whoever it is: reads, presses, types codes, comes in for the first time. */
import { freshCode, until } from "./browser.mjs";

const SIZES = [{ width: 1280, height: 800 }, { width: 768, height: 1024 }];

/** Give a function that pictures a page on a desk and on a tablet, where a folder for them is named. */
export const pictures = (folder) => async (page, name) => {
  if (!folder) return;
  const before = page.viewportSize();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await page.screenshot({ path: `${folder}/${name}-${size.width}.png`, fullPage: !name.includes("viewer") });
  }
  await page.setViewportSize(before);
};

export const path = (page) => new URL(page.url()).pathname;
export const at = (page, wanted) => until(`the page ${wanted}`, () => path(page) === wanted);
export const words = (page, where) => page.locator(where).first().textContent().then((text) => text.trim().replace(/\s+/g, " "));
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
export const cookie = async (page, name) => (await page.context().cookies()).find((each) => each.name === `__Host-enamel-${name}`)?.value;

/** Lock the screen by its address, from an empty page: the page that stood there hears of it too, and would lead there itself. */
export async function lockScreen(page, origin, back = "") {
  await page.goto("about:blank");
  await page.goto(`${origin}/lock${back && `?back=${back}`}`);
}

/** Type a code that was not used yet into the form's field. */
export async function fresh(page, secret, form) {
  await page.fill(`${form} input[name=code]`, await freshCode(secret));
}

export async function byPassword(page, origin, user, password) {
  await page.goto(`${origin}/login`);
  await page.fill("input[name=user_name]", user);
  await page.fill("input[name=password]", password);
  await press(page, "Continue");
}

/** Come in for the first time: an app for codes, a password of one's own. Gives the app's secret and the printed codes. */
export async function comeInFirst(page, origin, { user, first, second }) {
  await byPassword(page, origin, user, first);
  await at(page, "/login/enrol");
  const secret = (await words(page, ".secret")).replaceAll(" ", "");
  await fresh(page, secret, "main form");
  await press(page, "Finish");
  await page.waitForSelector(".codes");
  const codes = await page.locator(".codes li").allTextContents();
  await page.goto(`${origin}/password`);
  await page.fill("input[name=old]", first);
  await page.fill("input[name=new]", second);
  await page.fill("input[name=again]", second);
  await page.locator("main form button").first().click();
  await at(page, "/studies");
  return { secret, codes: codes.map((each) => each.trim()) };
}

/** Chromium's own virtual authenticator: a device with a passkey's place that knows its owner. */
export async function deviceOf(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    forgets: () => devtools.send("WebAuthn.clearCredentials", { authenticatorId }),
    knowsOwner: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
  };
}

/** Make a passkey on one's account. */
export async function addPasskey(page, origin, secret, name) {
  await page.goto(`${origin}/account`);
  await page.fill("input[name=name]", name);
  await fresh(page, secret, "form[data-passkey]");
  await page.locator("form[data-passkey] button[type=submit]").click();
  await page.waitForSelector(".notice.good");
}

/** What a tab still shows of a patient, or null between two pages, when there is nothing to ask. */
export const left = (page) =>
  page
    .evaluate(() => ({ gone: ["/lock", "/login", "/emergency"].includes(location.pathname) || document.documentElement.hidden, canvases: document.querySelectorAll("canvas").length, words: document.body.textContent }))
    .catch(() => null);

export const goneDark = (page) => until("nothing is left in sight", () => left(page).then((all) => (all?.gone ? all : null)), 40);
