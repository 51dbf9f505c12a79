// Behaviour of every page.
import "htmx.org";
