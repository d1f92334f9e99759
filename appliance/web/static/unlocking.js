// Goes on to sign-in as soon as the box answers there; a page that turns by the clock would turn before it, or long after.
async function look() {
  const answer = await fetch("/login", { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok && answer.url.endsWith("/login")) location.replace("/login");
  else setTimeout(look, 1000);
}
setTimeout(look, 1000);
