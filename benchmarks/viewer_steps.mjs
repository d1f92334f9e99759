/** The steps that a hand makes, timed from the hand until the picture has been read back. */

/** The middle of many times. */
export const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];

/** In Enamel: real events on its panes. */
export async function enamelSteps(page, deed, count) {
  const times = await page.evaluate(
    async ([name, steps]) => {
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
      for (let step = 1; step <= steps; step++) {
        const begin = performance.now();
        if (name === "scroll") cell.dispatchEvent(new WheelEvent("wheel", { ...at(...middle), deltaY: step % 20 < 10 ? 120 : -120, cancelable: true }));
        else cell.dispatchEvent(new PointerEvent("pointermove", place(step)));
        window.enamelViewer.cellBrightness("axial", [[0, 0, 0]]); // draws, and waits until it is drawn
        taken.push(performance.now() - begin);
        await new Promise((done) => requestAnimationFrame(done));
      }
      if (name !== "scroll") cell.dispatchEvent(new PointerEvent("pointerup", place(steps)));
      return taken;
    },
    [deed, count],
  );
  return median(times);
}

/** In another viewer: its own way to go one slice on. No time is spent on waiting for the screen's refresh. */
export async function peerSteps(page, count) {
  const times = await page.evaluate(async (steps) => {
    const refresh = window.requestAnimationFrame;
    const taken = [];
    for (let step = 1; step <= steps; step++) {
      window.requestAnimationFrame = (deed) => {
        queueMicrotask(() => deed(performance.now()));
        return 0;
      };
      const begin = performance.now();
      await window.peer.scroll(step % 20 < 10 ? 1 : -1);
      taken.push(performance.now() - begin);
      window.requestAnimationFrame = refresh;
      await new Promise((done) => requestAnimationFrame(done));
    }
    return taken;
  }, count);
  return median(times);
}
