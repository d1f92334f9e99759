/** The order in which the frames of one object are opened: the middle one first, then ever finer steps. */

/** List 0..count-1, coarse to fine, each once. */
export function coarseOrder(count: number): number[] {
  const order: number[] = [];
  const seen = new Uint8Array(count);
  const add = (index: number): void => {
    if (index >= count || seen[index]) return;
    seen[index] = 1;
    order.push(index);
  };
  add(Math.floor(count / 2));
  for (let step = 2 ** Math.floor(Math.log2(Math.max(1, count / 4))); step >= 1; step /= 2) {
    for (let index = 0; index < count; index += step) add(index);
  }
  return order;
}
