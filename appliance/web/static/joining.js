// The link of an invitation carries its code behind the #, which browsers send to nobody; here it fills the form and leaves the address.
const field = document.querySelector("input[name=code]");
const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
  document.querySelector("input[name=new]").focus();
} else field.focus();
