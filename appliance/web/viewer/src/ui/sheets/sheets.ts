/** All sheets: one file of script, which is fetched behind the first picture. */
export { showInformation } from "./information";
export { showKeys } from "./keys";
