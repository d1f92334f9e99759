/** Looks at a running demonstration as its people do and writes pictures for docs/images: `node tools/screenshots.mjs PLAN.json`. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { freshCode, launch, looked, signIn, someone, until } from "../tests/stories/browser.mjs";

const DESK = { width: 1280, height: 800 };
const TABLET = { width: 768, height: 1024 };
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.web;
let invitation;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const SIZES = [[TABLET, "-tablet"], [DESK, ""]];
const picture = (page, name) => page.screenshot({ path: path.join(plan.images, `${name}.png`), animations: "disabled" });

/** A page as it is drawn at both sizes; the larger one stays. */
async function shoot(page, name) {
  for (const [size, suffix] of SIZES) {
    await page.setViewportSize(size);
    await picture(page, `${name}${suffix}`);
  }
}

async function administrator(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await page.goto(`${origin}/login`);
  await shoot(page, "login");
  await signIn(page, origin, plan.web);
  await page.goto(`${origin}/senders`);
  await page.waitForSelector(".card");
  await shoot(page, "senders");
  await page.goto(`${origin}/quarantine`);
  await until("a file is in quarantine", async () => page.reload().then(() => page.locator(".table tbody tr").count()));
  await shoot(page, "quarantine");
  await page.goto(`${origin}/people`);
  await page.getByLabel("Name", { exact: true }).fill("Rosa Recepción");
  await page.getByLabel("User name").fill("rosa");
  await page.getByLabel("Role").selectOption("reception");
  await shoot(page, "people");
  await page.fill("form.form-grid input[name=code]", await freshCode(plan.web.totp_secret));
  await page.getByRole("button", { name: "Make an invitation" }).click();
  await page.waitForSelector(".passphrase");
  invitation = await page.locator(".enrol a").getAttribute("href");
}

async function newcomer(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await page.goto(invitation);
  await page.getByLabel("New password", { exact: true }).fill(plan.first_password);
  await page.getByLabel("New password once more").fill(plan.first_password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".passkey:not([hidden])");
  await shoot(page, "enrolment");
}

async function dentist(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await signIn(page, origin, plan.dentist);
  for (const [size, suffix] of SIZES) {
    await page.setViewportSize(size);
    await page.goto(`${origin}/studies`);
    await page.waitForSelector(".row");
    await picture(page, `list${suffix}`);
    await page.getByText(plan.name).click();
    await page.waitForSelector(".patient");
    await until("small pictures are drawn", () => page.locator("[data-stream].kind.drawn").count());
    await picture(page, `study${suffix}`);
    await page.getByText("Open images").first().click();
    await page.waitForSelector("#viewer");
    await looked(page);
    const box = await page.locator(".pane").boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.4);
    await page.waitForTimeout(400);
    await picture(page, `viewer${suffix}`);
  }
}

async function locked(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await page.goto(`${origin}/unlock`);
  await page.waitForSelector("input[name=passphrase]");
  await until("what came is counted", async () => page.reload().then(() => page.getByText(/\b161 files/).count()));
  await shoot(page, "unlock");
}

const browser = await launch();
try {
  if (plan.dentist) {
    await administrator(browser);
    await newcomer(browser);
    await dentist(browser);
  } else await locked(browser);
  if (Object.values(faults).flat().length > 0) throw new Error(JSON.stringify(faults));
} finally {
  await browser.close();
}
