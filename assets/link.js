// Takes what a one-time link carries out of the address, where it would stay in the history, and hands it in.
const carried = location.hash.slice(1);
if (carried) {
  history.replaceState(null, "", location.pathname);
  const field = document.getElementById("link");
  field.value = carried;
  field.form.submit();
}
