// What Flask-AppBuilder's scripts leave open: a date picker they call but do not ship, English placeholders, our word for "no row".
(function ($) {
  $.fn.datetimepicker = function () { return this.datepicker({ format: "yyyy-mm-dd" }); };
  var words = document.getElementById("words").dataset;
  $(function () {
    $(".my_select2").each(function () { $(this).select2({ placeholder: words.choose, allowClear: true, theme: "bootstrap", width: "100%" }); });
  });
  $(document).on("select2:open", function () {
    var search = document.querySelector(".select2-container--open .select2-search__field");
    if (search) search.focus();
  });
}(jQuery));
