/** Dates as the box's pages write them. */

/** Write a DICOM date (PS3.5 6.2, DA) as this page's language does; what is no date stays as it is. */
export function day(date: string, lang = document.documentElement.lang): string {
  const [, year, month, dayOfMonth] = /^(\d{4})[-.]?(\d\d)[-.]?(\d\d)$/.exec(date) ?? [];
  if (year === undefined || month === undefined || dayOfMonth === undefined) return date;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(dayOfMonth)));
  if (at.toISOString().slice(0, 10) !== `${year}-${month}-${dayOfMonth}`) return date; // such as the 31st of February
  const written = lang === "" || lang === "en" ? "en-GB" : lang;
  const words = new Intl.DateTimeFormat(written, { dateStyle: "medium", timeZone: "UTC" }).format(at);
  return written === "en-GB" ? words.replace("Sept", "Sep") : words; // as the box's pages write it
}
