/** Dates as the box's pages write them. */

/** Write a DICOM date (PS3.5 6.2, DA) as this page's language does; what is no date stays as it is. */
export function day(date: string): string {
  const [, year, month, dayOfMonth] = /^(\d{4})[-.]?(\d\d)[-.]?(\d\d)$/.exec(date) ?? [];
  if (year === undefined || month === undefined || dayOfMonth === undefined) return date;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(dayOfMonth)));
  if (at.getUTCDate() !== Number(dayOfMonth)) return date; // such as the 31st of February
  const { lang } = document.documentElement;
  const written = lang === "" || lang === "en" ? "en-GB" : lang; // as the box's pages write it
  return new Intl.DateTimeFormat(written, { dateStyle: "medium", timeZone: "UTC" }).format(at);
}
