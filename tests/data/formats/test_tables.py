"""Tables of text: which column holds the labels is found or named, and what is no number is named by line and column."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.formats import read

# The same table as programs write it. The label is a column of its own in each.
NUMBERS = [[0.5, 3], [1, 4], [7, 5], [2, 6], [3, 7], [4, 8]]
LABELS = [1, 2, 1, 2, 1, 2]
WAYS = {
    "names": "a,b,label\n0.5,3,1\n1,4,2\n7,5,1\n2,6,2\n3,7,1\n4,8,2\n",
    "label first": "Class,a,b\r\n1,0.5,3\r\n2,1,4\r\n1,7,5\r\n2,2,6\r\n1,3,7\r\n2,4,8\r\n",
    "no names": "0.5,3,1\n1,4,2\n7,5,1\n2,6,2\n3,7,1\n4,8,2\n",
    "tabs": "a\tb\ttarget\n0.5\t3\t1\n1\t4\t2\n7\t5\t1\n2\t6\t2\n3\t7\t1\n4\t8\t2",
    "commas in numbers": "a;b;label\n0,5;3;1\n1;4;2\n7;5;1\n2;6;2\n3;7;1\n4;8;2\n",
    "spaces": "  5.0e-01 3 1\n1 4 2\n7 5 1\n\n2 6 2\n3 7 1\n4 8 2\n",
    "quotes": '"a","b","y"\n"0.5","3","1"\n"1","4","2"\n"7","5","1"\n"2","6","2"\n"3","7","1"\n"4","8","2"\n',
    "numbers of rows": ",a,b,label\n0,0.5,3,1\n1,1,4,2\n2,7,5,1\n3,2,6,2\n4,3,7,1\n5,4,8,2\n",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_ways_in_which_tables_are_written(tmp_path, text, encoding):
    (tmp_path / "own.csv").write_bytes(text.encode(encoding))
    x, y = read(tmp_path / "own.csv").sets["train"]
    assert_array_equal(x, NUMBERS)
    assert_array_equal(y, LABELS)


def test_a_column_can_be_named_or_counted(tmp_path):
    (tmp_path / "own.csv").write_text("a,b,c\n1,2,3\n4,5,6\n1,5,3\n")
    with pytest.raises(
        ValueError, match="own.csv: cannot tell which column holds the labels. Say label=.* 'a', 'b', 'c'"
    ):
        read(tmp_path / "own.csv")
    for label in ("b", "B ", 1, -2, np.int64(1)):
        x, y = read(tmp_path / "own.csv", label=label).sets["train"]
        assert_array_equal(x, [[1, 3], [4, 6], [1, 3]])
        assert_array_equal(y, [2, 5, 5])
    for label in ("d", 3, -4, 1.0, True):
        with pytest.raises(ValueError, match=f"own.csv: label={label!r}"):
            read(tmp_path / "own.csv", label=label)


def test_labels_may_be_words_and_the_columns_of_other_sets_in_another_order(tmp_path):
    (tmp_path / "train.csv").write_text("a,b,kind\n1,20,cat\n3,40,dog\n5,60,cat\n")
    (tmp_path / "test.csv").write_text("kind,b,a\ndog,70,6\ncat,80,7\n")
    found = read(tmp_path, label="kind")
    assert_array_equal(found.sets["train"][0], [[1, 20], [3, 40], [5, 60]])
    assert_array_equal(found.sets["test"][0], [[6, 70], [7, 80]])
    assert [y.tolist() for _, y in found.sets.values()] == [["cat", "dog", "cat"], ["dog", "cat"]]


def test_test_rows_without_labels_are_left_out_with_a_word(tmp_path):
    (tmp_path / "train.csv").write_text("label,pixel0,pixel1,pixel2,pixel3\n1,2,3,4,5\n0,6,7,8,9\n")
    (tmp_path / "test.csv").write_text("pixel0,pixel1,pixel2,pixel3\n2,3,4,5\n")
    found = read(tmp_path)
    assert list(found.sets) == ["train"] and found.sets["train"][0].shape == (2, 2, 2)
    assert found.notes == ["The 1 rows of test.csv have no labels and are not used."]


def test_scikit_learns_own_files_name_rows_features_and_classes(tmp_path):
    (tmp_path / "iris.csv").write_text("3,2,setosa,virginica\n5.1,3.5,0\n4.9,3.0,1\n6.2,3.4,1\n")
    found = read(tmp_path / "iris.csv")
    assert found.classes == {0: "setosa", 1: "virginica"}
    assert_array_equal(found.sets["train"][1], [0, 1, 1])
    (tmp_path / "iris.csv").write_text("3,3,setosa,virginica\n5.1,3.5,1,0\n4.9,3.0,2,1\n6.2,3.4,1,1\n")
    found = read(tmp_path / "iris.csv")  # as many names and numbers as columns
    assert found.classes == {0: "setosa", 1: "virginica"} and found.sets["train"][0].shape == (3, 3)


def test_rows_that_are_wider_than_the_csv_module_takes_a_field_to_be(tmp_path):
    rows = np.random.RandomState(0).uniform(size=(4, 8000))
    np.savetxt(tmp_path / "own.txt", np.column_stack([[1, 2, 1, 2], rows]))  # 25 characters a number, spaces
    x, y = read(tmp_path / "own.txt", label=0).sets["train"]
    assert_array_equal(x, rows)
    assert_array_equal(y, [1, 2, 1, 2])


BAD = {
    "two columns of labels": ("a,label,class\n1,2,3\n4,5,6\n", "column 'label', column 'class' may be.. Say label="),
    "first or last": (
        "1,5.5,1\n2,6.5,2\n1,7.5,1\n2,8.5,2\n1,9.5,2\n2,1.5,1\n",
        "the first column, the last column may be.. Say label=",
    ),
    "a word": ("a,label\n1,2\nmany,3\n4,2\n1,1\n1,1\n1,1\n", "line 3, column 'a': 'many' is no number"),
    "a value is missing": ("a,b,label\n1,2,3\n,3,1\n1,1,1\n", "line 3, column 'a': a value is missing"),
    "too few columns": ("a,b,label\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n1,2\n", "line 6 has 2 columns, and the others have 3"),
    "words for features": ("a,b,label\n1,red,3\n2,blue,1\n", "column 'b' holds words such as 'red'"),
    "NaN for a label": ("a,b,label\n1,2,3\n2,4,nan\n1,3,3\n", "1 of 3 labels are missing"),
    "measurements": ("a,b,target\n1,2,3.5\n2,4,1.25\n", "3.5 are measurements"),
    "only names": ("a,b,label\n", "text, but no table of numbers"),
    "prose": ("Once upon a time\nthere was a digit.\n", "text, but no table of numbers"),
}


@pytest.mark.parametrize("text, reason", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(tmp_path, text, reason):
    (tmp_path / "own.csv").write_text(text)
    with pytest.raises(ValueError, match=reason) as caught:
        read(tmp_path / "own.csv")
    assert "own.csv" in str(caught.value)


def test_words_where_the_training_set_has_numbers_are_no_numbers(tmp_path):
    (tmp_path / "train.csv").write_text("a,b,label\n1,2,3\n4,5,6\n1,5,3\n")
    (tmp_path / "test.csv").write_text("a,b,label\n1,red,3\n4,blue,6\n")
    with pytest.raises(ValueError, match="test.csv: column 'b' holds words such as 'red'"):
        read(tmp_path)
    (tmp_path / "test.csv").write_text("a,c,label\n1,2,3\n4,3,6\n")
    with pytest.raises(ValueError, match="test.csv: has no column b, which the training set has"):
        read(tmp_path)
