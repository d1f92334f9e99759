/** The screen locks by the browser's own clock: without a network, after a sleep, and without losing what was opened. */
import path from "node:path";
import { context, faults, folder, origin } from "./browser.mjs";
import { lines } from "./lines.mjs";

const { cookie: [name, value] = [], password = "", shots = "" } = JSON.parse(process.env.ENAMEL_LOCAL ?? "{}");

/** Open a page that locks sooner than the box does. */
async function openPage(address, seconds = 11) {
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy|Refused to/.test(message.text())) faults.policy.push(message.text());
  });
  await page.route(/\/(studies|view)$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/ data-lock-after="301"/, ` data-lock-after="${seconds}"`) });
  });
  await page.goto(origin + address);
  return page;
}

/** What can be seen of the page and of the veil. */
const seen = (page) =>
  page.evaluate(() => ({
    page: [...document.querySelectorAll("main, header, canvas, dialog.store")].some((one) => one.checkVisibility({ visibilityProperty: true })),
    veil: document.getElementById("veil")?.innerText ?? "",
  }));

async function untilSeen(page, wanted, seconds = 12) {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const now = await seen(page);
    if (now.page === wanted || Date.now() > end) return now;
    await page.waitForTimeout(50);
  }
}

async function shoot(page, named) {
  for (const [width, height] of shots === "" ? [] : [[1280, 800], [1024, 1366], [768, 1024]]) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: path.join(shots, `${named}-${width}.png`) });
  }
}

/** The box is away while the list and the pictures are open. */
async function away(found) {
  // Late enough that a busy machine says that the box is away before the lock hides it: that takes six seconds of its own.
  const both = [["list", await openPage("/studies", 24)], ["viewer", await openPage("/series/1/view", 24)]];
  for (const [named, page] of both) {
    await page.mouse.move(40, 40);
    found[named] = { before: await seen(page) };
  }
  // An answer that was on its way comes just after the network went: it must not be taken for the box itself.
  for (const [, page] of both) await page.route("**/session/active", (route) => route.fulfill({ status: 204 }), { times: 1 });
  await context.setOffline(true);
  const silent = both.map(([, page]) => page.locator("#unreachable").waitFor({ timeout: 22000 }).then(() => true, () => false)); // both at once: each locks soon
  for (const [i, [named, page]] of both.entries()) {
    found[named].silent = await silent[i];
    await shoot(page, `silent-${named}`);
  }
  for (const [named, page] of both) {
    await untilSeen(page, false, 30);
    await page.locator("#veil [data-when=away]").waitFor({ timeout: 9000 }).catch(() => undefined);
    found[named].away = await seen(page);
    await page.mouse.move(90, 90);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.waitForTimeout(200);
    found[named].touched = await seen(page);
    await shoot(page, `away-${named}`);
  }
  await context.setOffline(false);
  for (const [named, page] of both) {
    found[named].back = await untilSeen(page, true);
    await page.close();
  }
}

/** A tablet that slept: no timer ran, and the first thing that happens is that it is looked at. */
async function asleep(found) {
  const page = await openPage("/studies");
  found.woken = await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 3600000;
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    return document.querySelector("main").checkVisibility({ visibilityProperty: true });
  });
  await page.close();
}

/** What was opened outlives a lock, and the password goes on with it. */
async function kept(found) {
  const page = await openPage("/files");
  await page.setInputFiles("input.folder", folder);
  await page.locator(".found button.store").first().click();
  await page.locator("dialog.store").waitFor();
  const other = await openPage("/lock?back=/files");
  found.locked = await untilSeen(page, false);
  await page.locator("#veil form").waitFor();
  await shoot(page, "kept");
  const type = async (word) => {
    await page.locator("#veil input[type=password]").fill(word);
    await page.keyboard.press("Enter");
  };
  found.asked = await seen(page);
  await type("not the password");
  await page.locator("#veil .wrong").waitFor();
  found.wrong = await seen(page);
  await page.waitForTimeout(1500);
  await type(password);
  found.unlocked = await untilSeen(page, true);
  await page.locator("dialog.store").getByRole("button", { name: /^Store / }).click();
  await page.locator("dialog.store").getByRole("button", { name: "Close" }).waitFor();
  found.stored = await page.locator("dialog.store").innerText();
  await other.close();
}

export async function locks() {
  await context.addCookies([{ name, value, domain: "127.0.0.1", path: "/", secure: true, httpOnly: true, sameSite: "Strict" }]);
  const found = {};
  await away(found);
  await asleep(found);
  await kept(found);
  found.lines = await lines(); // its end locks the session
  return found;
}
