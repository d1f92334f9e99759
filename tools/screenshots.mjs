/** Looks at a running demonstration as its people do and writes pictures for docs/images: `node tools/screenshots.mjs PLAN.json`. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { launch, looked, signIn, someone, until } from "../tests/stories/browser.mjs";

const DESK = { width: 1280, height: 800 };
const TABLET = { width: 768, height: 1024 };
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const shoot = (page, name) => page.screenshot({ path: path.join(plan.images, `${name}.png`), animations: "disabled" });
const run = (command) => spawnSync(command[0], command.slice(1), { stdio: "inherit" });

async function administrator(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await page.goto(`${origin}/login`);
  await shoot(page, "login");
  await signIn(page, origin, plan.facts.web);
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
  await page.getByLabel("First password").fill(plan.password);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForSelector(".notice.good");
}

async function newcomer(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await page.goto(`${origin}/login`);
  await page.getByLabel("User name").fill("rosa");
  await page.getByLabel("Password").fill(plan.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".enrol");
  await shoot(page, "enrolment");
}

async function dentist(browser) {
  const page = await someone(browser, origin, faults, DESK);
  await signIn(page, origin, plan.facts.dentist);
  for (const [size, suffix] of [[DESK, ""], [TABLET, "-tablet"]]) {
    await page.setViewportSize(size);
    await page.goto(`${origin}/studies`);
    await page.waitForSelector(".row");
    await shoot(page, `list${suffix}`);
    await page.getByText(plan.name).click();
    await page.waitForSelector(".patient");
    await shoot(page, `study${suffix}`);
    await page.getByText("Open images").first().click();
    await page.waitForSelector("#viewer");
    await looked(page);
    const box = await page.locator(".pane").boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.4);
    await page.waitForTimeout(400);
    await shoot(page, `viewer${suffix}`);
  }
}

async function locked(browser) {
  run(plan.lock);
  run(plan.send);
  const page = await someone(browser, origin, faults, DESK);
  await until("the box is locked", async () => {
    const answer = await page.goto(`${origin}/unlock`).catch(() => null);
    return answer?.status() === 200 && (await page.getByText("This box is locked").count());
  });
  await shoot(page, "unlock");
}

const browser = await launch();
try {
  await administrator(browser);
  await newcomer(browser);
  await dentist(browser);
  if (Object.values(faults).flat().length > 0) throw new Error(JSON.stringify(faults));
  await locked(browser);  // cuts the live lines of the pages above, which their consoles note
} finally {
  await browser.close();
}
