// The form of an alert rule: the unit follows the quantity, and fields that a kind does not have hide.
const form = document.querySelector("[data-rule-form]");
const PERIODS = ["sum", "count"];

function fit() {
  const quantity = form.querySelector("[data-rule-quantity]");
  const kind = form.querySelector("[data-rule-kind]");
  const unit = quantity.selectedOptions[0]?.dataset.unit;
  for (const place of form.querySelectorAll("[data-rule-unit]")) place.textContent = unit ? `, ${unit}` : "";
  const isPeriod = PERIODS.includes(kind.value);
  for (const field of form.querySelectorAll("[data-of-period]")) field.hidden = !isPeriod;
  for (const field of form.querySelectorAll("[data-of-one-exam]")) field.hidden = isPeriod;
  for (const field of form.querySelectorAll("[data-of-event]")) field.hidden = kind.value !== "event";
  // What is hidden is not asked: it must not be sent either.
  for (const input of form.querySelectorAll("[data-of-period] input, [data-of-event] input, [data-of-one-exam] :is(input, select)")) {
    input.disabled = input.closest("[data-of-period], [data-of-event], [data-of-one-exam]").hidden;
  }
}

function pair({ target }) {
  const quantity = form.querySelector("[data-rule-quantity]");
  const kind = form.querySelector("[data-rule-kind]");
  // A count is of exams, and only a count is.
  if (target === kind && kind.value === "count") quantity.value = "exams";
  if (target === quantity && quantity.value === "exams") kind.value = "count";
  if (target === kind && kind.value !== "count" && quantity.value === "exams") quantity.selectedIndex = 0;
  if (target === quantity && quantity.value !== "exams" && kind.value === "count") kind.value = "exam";
  fit();
}

if (form) {
  form.addEventListener("change", pair);
  fit();
}
