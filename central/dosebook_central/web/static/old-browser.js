// Runs only in browsers that know no modules; they get a readable notice, not half a page (R93).
if (location.pathname !== "/browser") {
  location.replace("/browser");
}
