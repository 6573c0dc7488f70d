package jupyter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMeasuresAreThoseOfMoelabAndOfScrapbook(t *testing.T) {
	nb, err := Decode([]byte(`{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
		{"cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 1, "outputs": [
			{"output_type": "display_data", "metadata": {}, "data": {
				"application/vnd.moelab.measures+json": {"FID": 12.5, "KID": 1e-3, "name": "text"}}},
			{"output_type": "display_data", "metadata": {}, "data": {
				"application/scrapbook.scrap.json+json": {"name": "loss", "data": 3, "encoder": "json", "version": 1}}},
			{"output_type": "display_data", "metadata": {}, "data": {
				"application/scrapbook.scrap.json+json": {"name": "words", "data": "x", "encoder": "text", "version": 1}}},
			{"output_type": "display_data", "metadata": {}, "data": {
				"application/scrapbook.scrap.json+json": ["not", "ours"], "application/vnd.moelab.measures+json": "no"}},
			{"output_type": "stream", "name": "stdout", "text": "FID 1"}]},
		{"cell_type": "code", "id": "b", "metadata": {}, "source": "", "execution_count": 2, "outputs": [
			{"output_type": "display_data", "metadata": {}, "data": {
				"application/vnd.moelab.measures+json": {"FID": 11, "huge": 1e999}}}]}]}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]float64{"FID": 11, "KID": 1e-3, "loss": 3}, nb.Measures())
}
