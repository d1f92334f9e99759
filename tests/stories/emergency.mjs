/** A night with an emergency, in a real Chromium: `node emergency.mjs PLAN.json` prints what everybody met as one JSON object. */
import { readFileSync } from "node:fs";
import { launch, looked, signIn, someone, until } from "./browser.mjs";
import { at, comeInFirst, fresh, goneDark, left, lockScreen, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);

/** An administrator draws the code and prints it. */
async function draw(page) {
  await signIn(page, origin, plan.facts.web);
  await page.goto(`${origin}/trail/emergencies`);
  await picture(page, "emergencies-none");
  await fresh(page, plan.facts.web.totp_secret, "main form");
  await press(page, "Draw a new code");
  await page.waitForSelector(".slip");
  await picture(page, "slip");
  await page.emulateMedia({ media: "print" });
  await picture(page, "slip-on-paper");
  await page.emulateMedia({ media: null });
  return words(page, ".slip .passphrase");
}

/** Somebody without an account opens the envelope at night. */
async function night(browser, sealed) {
  const page = await someone(browser, origin, faults, { width: 1024, height: 768 });
  const open = async () => {
    await page.goto(`${origin}/login`);
    await picture(page, "login");
    await page.getByText("Emergency: I have opened the envelope").click();
    await page.fill("input[name=code]", sealed.toLowerCase().replaceAll("-", " "));
    await page.fill("input[name=name]", "Nora Nocturna");
    await page.locator("input[value=treatment]").check();
    await page.fill("textarea", "Fell off a bicycle, the hospital asks");
    await picture(page, "envelope");
    await press(page, "Come in");
  };
  await open();
  await at(page, "/studies");
  const banner = await words(page, "aside.emergency");
  await picture(page, "studies-in-emergency");
  await page.locator(".row .name a").first().click();
  await page.waitForSelector(".patient");
  await page.getByText("Open images").click();
  await looked(page);
  await picture(page, "viewer-in-emergency");
  const [inViewer, room] = [await words(page, "aside.emergency"), path(page)];
  await lockScreen(page, origin, room);
  const locked = await words(page, "main label span");
  await picture(page, "lock-in-emergency");
  await page.fill("input[name=password]", sealed);
  await press(page, "Unlock");
  await at(page, room);
  const unlockedAt = path(page);
  await page.goto(`${origin}/studies`);
  await press(page, "End now");
  await at(page, "/login");
  const outAt = path(page);
  await open();
  await page.waitForSelector(".notice.bad");
  const again = await words(page, ".notice.bad");
  await picture(page, "envelope-used");
  await page.context().close();
  return { banner, inViewer, locked, unlockedAt, outAt, again };
}

/** A list whose newest state is still on its way when the page is told to go, and comes before the other page does. */
async function lateList(context, status) {
  const page = await context.newPage();
  const held = [];
  let toldOver;
  const leaving = new Promise((tell) => { toldOver = tell; });
  await page.route("**/*", (route) => {
    const asked = route.request();
    if (asked.url().includes("told=over")) toldOver(route);
    else if (asked.method() === "GET" && asked.headers()["x-enamel-background"]) held.push(route);
    else return route.continue();
  });
  await page.goto(`${origin}/studies`);
  await until("the list is asked for", () => held.length);
  const body = await (await page.request.get(`${origin}/studies`)).text();
  return async () => {
    const going = await leaving;
    await held[0].fulfill({ status, body, contentType: "text/html" });
    await new Promise((done) => setTimeout(done, 200)); // for the page to make of it what it would
    await going.continue().catch(() => undefined); // unless it was led elsewhere meanwhile
    await until("another page", () => path(page) !== "/studies");
    return { at: path(page), words: (await left(page)).words };
  };
}

/** She breaks the glass, looks in two tabs, and ends it in one. */
async function glass(browser) {
  const page = await someone(browser, origin, faults);
  const { secret } = await comeInFirst(page, origin, plan.reception);
  const answers = async () => (await page.request.get(`${origin}/series/1/view`, { headers: { accept: "text/html" } })).status();
  const before = await answers();
  await page.goto(`${origin}/studies/1`);
  await picture(page, "study-without-the-right");
  await page.getByText("In an emergency").click();
  await at(page, "/emergency");
  await page.locator("input[value=treatment]").check();
  await page.fill("textarea", "Bleeding after an extraction, the dentist is on the phone");
  await fresh(page, secret, "main form");
  await picture(page, "break-the-glass");
  let presses = 0;
  page.on("request", (each) => { presses += each.method() === "POST" && each.url() === `${origin}/emergency`; });
  await page.getByRole("button", { name: "Break the glass" }).dblclick(); // as some do: the first brings a new token
  await at(page, "/studies");
  const banner = await words(page, "aside.emergency");
  const other = await page.context().newPage();
  await other.goto(`${origin}/series/1/view`);
  await looked(other);
  const images = await other.evaluate(() => window.enamelViewer.state().loaded);
  await picture(page, "studies-with-the-banner");
  const late = [await lateList(page.context(), 200), await lateList(page.context(), 401)];
  const asked = page.waitForRequest(`${origin}/emergency/end`).then(() => Date.now());
  await press(page, "End now");
  await goneDark(other);
  const seconds = (Date.now() - (await asked)) / 1000;
  await at(other, "/emergency");
  await other.waitForSelector(".notice.good");
  const seen = { at: path(other), seconds, ...(await left(other)) };
  await picture(other, "it-is-over");
  const lists = [];
  for (const each of late) lists.push(await each());
  const after = await answers();
  await page.context().close();
  return { before, presses, banner, images, other: seen, lists, after };
}

/** The administrator reviews what the receptionist saw, and signs. */
async function review(page) {
  await page.goto(`${origin}/trail/emergencies`);
  const waiting = await words(page, ".places .count");
  await picture(page, "emergencies");
  await page.getByRole("link", { name: /Rita Recibe/ }).click();
  await page.waitForSelector(".patient");
  const seen = await page.locator("main table tbody tr").allTextContents();
  await page.locator("input[value=right]").check();
  await page.fill("textarea", "He was bleeding, and I would have done the same");
  await picture(page, "review");
  await fresh(page, plan.facts.web.totp_secret, "main form.panel");
  await press(page, "Sign");
  await page.waitForSelector(".signed");
  await picture(page, "reviewed");
  await page.emulateMedia({ media: "print" });
  await picture(page, "reviewed-on-paper");
  await page.emulateMedia({ media: null });
  const [signed, genuine] = [await words(page, ".signed .small"), await words(page, ".signed .small .state")];
  await page.goto(`${origin}/keeping`);
  await picture(page, "safekeeping");
  await page.goto(`${origin}/trail/days`);
  await picture(page, "unusual");
  return { waiting, seen, signed, genuine };
}

const browser = await launch();
try {
  const desk = await someone(browser, origin, faults);
  const sealed = await draw(desk);
  found.night = await night(browser, sealed);
  found.glass = await glass(browser);
  await desk.goto(`${origin}/trail`);
  if (path(desk) === "/lock") throw new Error("the administrator's screen locked meanwhile");
  found.review = await review(desk);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
