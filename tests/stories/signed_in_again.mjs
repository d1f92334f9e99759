/** A dentist is away for a night, and for a week: `node signed_in_again.mjs PLAN.json`. The box's clock goes on when this asks its test for it, a line each. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { code, launch, someone, until } from "./browser.mjs";
import { at, byPassword, cookie, left, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { origin, who } = plan;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ROOM = "/studies/1";
const WORKED_HOURS = 7.5;

/** Let time pass at the box; give its clock's seconds since 1970. */
async function pass(minutes) {
  process.stdout.write(`${JSON.stringify({ minutes })}\n`);
  return JSON.parse((await answers.next()).value).now;
}

/** The second step of signing in, with the app's code at the box's time, half a minute later than any before. */
async function byCode(page) {
  found.lastCode = code(who.secret, Math.floor((await pass(0.5)) / 30));
  await page.fill("input[name=code]", found.lastCode);
  await press(page, "Sign in");
}

async function unlock(page, password = who.password) {
  await page.fill("input[name=password]", password);
  await press(page, "Unlock");
}

/** What a copy of the session's cookie opens. */
async function opens(page) {
  const headers = { accept: "text/html", cookie: `__Host-enamel-session=${await cookie(page, "session")}` };
  return (await fetch(origin + ROOM, { headers, redirect: "manual" })).status;
}

/** What is to be seen at the sign-in page of somebody whom time signed out. */
async function asked(page) {
  await at(page, "/login");
  await page.waitForSelector(".notice.calm");
  return { told: await words(page, ".notice.calm"), fields: await page.locator("main form:first-of-type input:visible").count(), ...(await left(page)) };
}

/** Sign in whole; say what the half of it opens, and where the whole leads. */
async function again(page, name = "") {
  await byPassword(page, origin, who.user, who.password);
  await at(page, "/login/code");
  if (name) await picture(page, name);
  const half = await opens(page);
  await byCode(page);
  await until("it leads on", () => path(page) !== "/login/code");
  await page.waitForSelector("header.bar");
  return { half, whole: await opens(page), at: path(page) };
}

/** The screen locks by itself while she is away; a night later its password opens nothing. */
async function night(page) {
  await pass(6);
  await at(page, "/lock");
  await picture(page, "locked-in-the-evening");
  await unlock(page);
  await at(page, ROOM);
  const evening = path(page);
  await pass(6);
  await at(page, "/lock");
  await pass(8 * 60);
  await unlock(page);
  const seen = await asked(page);
  await picture(page, "signed-out-by-the-night");
  return { evening, ...seen, then: await again(page, "the-code-again") };
}

/** A tablet slept with the page in sight: it goes to the sign-in page by itself. */
async function asleep(page) {
  await page.goto(origin + ROOM);
  await page.waitForSelector(".patient");
  await pass(8 * 60);
  const seen = await asked(page);
  return { ...seen, then: await again(page) };
}

/** She works every day and night of a week, never away for eight hours; then it is over all the same. */
async function week(page) {
  await page.goto(origin + ROOM);
  let unlocked = 0;
  for (let hours = WORKED_HOURS; hours < 7 * 24; hours += WORKED_HOURS) {
    await pass(60 * WORKED_HOURS);
    await at(page, "/lock");
    await unlock(page);
    await at(page, ROOM);
    unlocked += 1;
  }
  await pass(60 * WORKED_HOURS);
  return { unlocked, ...(await asked(page)), then: await again(page) };
}

/** What cannot be undone takes a code that was never typed, although she has only just signed in with one. */
async function decision(page) {
  await page.goto(`${origin}/account`);
  const form = 'form[action="/account/codes"]';
  const draw = async (typed) => {
    await page.fill(`${form} input[name=code]`, typed);
    await page.locator(`${form} button[type=submit]`).click();
  };
  const without = await page.locator(`${form} input[name=code]`).evaluate((field) => field.required && !field.value);
  await draw(found.lastCode);
  await page.waitForSelector("main .notice.bad");
  const refused = await words(page, "main .notice.bad");
  await picture(page, "a-code-that-was-used");
  await draw(code(who.secret, Math.floor((await pass(0.5)) / 30)));
  await page.waitForSelector("ul.codes");
  return { without, refused, drawn: await page.locator("ul.codes li").count() };
}

/** Somebody else signs in where she was away: not at her patient's page. */
async function colleague(page) {
  await page.goto(origin + ROOM);
  await pass(9 * 60);
  await asked(page);
  await byPassword(page, origin, plan.colleague.user, who.password);
  await at(page, "/login/code");
  await byCode(page);
  await page.waitForSelector("header.bar");
  return path(page);
}

const browser = await launch();
try {
  const page = await someone(browser, origin, faults);
  await byPassword(page, origin, who.user, who.password);
  await at(page, "/login/code");
  await byCode(page);
  await at(page, "/studies");
  await page.locator(`a[href="${ROOM}"]`).first().click();
  await page.waitForSelector(".patient");
  found.night = await night(page);
  found.asleep = await asleep(page);
  found.week = await week(page);
  found.decision = await decision(page);
  found.colleague = await colleague(page);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ found }));
process.exit(0);
