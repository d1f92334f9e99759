/** How long a ruler to draw. */

const LENGTHS_MM = [100, 50, 20, 10, 5, 2, 1, 0.5] as const;

/** The longest round length that stays within `most` CSS pixels, with its own length in pixels; null when none does. */
export function rulerFor(pixelsPerMm: number, most: number): { readonly mm: number; readonly pixels: number } | null {
  const mm = LENGTHS_MM.find((length) => length * pixelsPerMm <= most);
  return mm === undefined || mm * pixelsPerMm < 12 ? null : { mm, pixels: mm * pixelsPerMm };
}
