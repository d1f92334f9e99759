/** Opens a study again and again as a dentist does and prints what each time took: `node viewer.mjs PLAN.json`. */
import { readFileSync } from "node:fs";
import { launch, signIn, someone, until } from "../tests/stories/browser.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.web;
const STEPS = 40;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };

/** Milliseconds since the page was asked for, of a mark that the viewer sets. */
const markOf = (page, name) => page.evaluate((which) => performance.getEntriesByName(which)[0]?.startTime ?? null, name);

/** The median time of a step that a hand makes, until it is drawn. */
async function steps(page, deed) {
  const times = await page.evaluate(
    async ([name, count]) => {
      const cell = document.querySelector(name === "solid" ? ".cell.solid" : ".cell.axial");
      const box = cell.getBoundingClientRect();
      const at = (x, y) => ({ clientX: box.left + x, clientY: box.top + y, pointerId: 7, button: 0, bubbles: true });
      const middle = [box.width / 2, box.height / 2];
      const ring = 0.36 * Math.min(box.width, box.height);
      const place = (step) => {
        const angle = (step * Math.PI) / 180;
        return name === "oblique" ? at(middle[0] + ring * Math.cos(angle), middle[1] + ring * Math.sin(angle)) : at(middle[0] + 3 * step, middle[1] + step);
      };
      cell.setPointerCapture = () => undefined; // no real pointer is down
      if (name !== "scroll") cell.dispatchEvent(new PointerEvent("pointerdown", place(0)));
      const taken = [];
      for (let step = 1; step <= count; step++) {
        const begin = performance.now();
        if (name === "scroll") cell.dispatchEvent(new WheelEvent("wheel", { ...at(...middle), deltaY: step % 20 < 10 ? 120 : -120, cancelable: true }));
        else cell.dispatchEvent(new PointerEvent("pointermove", place(step)));
        window.enamelViewer.cellBrightness("axial", [[0, 0, 0]]); // draws, and waits until it is drawn
        taken.push(performance.now() - begin);
        await new Promise((done) => requestAnimationFrame(done));
      }
      if (name !== "scroll") cell.dispatchEvent(new PointerEvent("pointerup", place(count)));
      return taken;
    },
    [deed, STEPS],
  );
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

async function once(browser) {
  const page = await someone(browser, origin, faults, { width: 1440, height: 900 });
  await signIn(page, origin, plan.dentist);
  await page.goto(`${origin}/studies`);
  await page.locator(".row").first().click();
  await page.waitForSelector(".patient");
  await page.getByText("Open images").first().click();
  await page.waitForSelector("#viewer");
  await until("all is drawn", async () => (await markOf(page, "enamel-drawn")) !== null, 120);
  const found = { first: await markOf(page, "enamel-first-picture"), all: await markOf(page, "enamel-every-slice"), drawn: await markOf(page, "enamel-drawn") };
  found.memory = (await page.evaluate(() => performance.measureUserAgentSpecificMemory())).bytes;
  await page.keyboard.press("c");
  for (const deed of ["scroll", "oblique", "solid"]) found[deed] = await steps(page, deed);
  await page.context().close();
  return found;
}

const browser = await launch();
try {
  const runs = [];
  for (let rep = 0; rep < plan.reps; rep++) runs.push(await once(browser));
  console.log(JSON.stringify(runs));
} finally {
  await browser.close();
}
